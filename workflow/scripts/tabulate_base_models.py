"""Write the table of one SERAC in front of several base models."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_base_models import tabulate_base_models

params = snakemake.params
tabulate_base_models(snakemake.input.results, snakemake.output, k=params.k, names=params.names)

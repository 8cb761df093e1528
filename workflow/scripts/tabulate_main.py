"""Write the main table."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_main import tabulate_main

params = snakemake.params
tabulate_main(snakemake.input.results, snakemake.output, k=params.k, editors=params.editors)

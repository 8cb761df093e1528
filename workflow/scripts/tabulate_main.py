"""Write the main table."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_main import tabulate_main

tabulate_main(snakemake.input.results, snakemake.output, k=snakemake.params.k)

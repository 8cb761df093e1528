"""Write the table of the cost of a forward pass."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_cost import tabulate_cost

tabulate_cost(dict(zip(snakemake.params.problems, snakemake.input, strict=True)), snakemake.output)

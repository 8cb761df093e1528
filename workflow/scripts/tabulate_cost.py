"""Write the table of the cost of a forward pass."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_cost import tabulate_cost

parts = snakemake.params.parts
tabulate_cost(dict(zip(parts, snakemake.input, strict=True)), snakemake.output, parts=parts)

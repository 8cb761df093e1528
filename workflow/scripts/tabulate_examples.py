"""Write the table of examples."""

from serac.workflow import start

start(snakemake)

from serac.paper.table_examples import tabulate_examples

files = dict(zip(snakemake.params.problems, snakemake.input, strict=True))
tabulate_examples(files, snakemake.output, seed=snakemake.params.seed)

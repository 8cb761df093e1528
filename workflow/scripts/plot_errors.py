"""Draw the categories of right and wrong predictions."""

from serac.workflow import start

start(snakemake)

from serac.paper.figure_errors import plot_errors

params = snakemake.params
plot_errors(snakemake.input, snakemake.output, examples=params.examples, seed=params.seed)

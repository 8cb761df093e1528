"""Draw ES - DD against the number of simultaneous edits."""

from serac.workflow import start

start(snakemake)

from serac.paper.figure_batched_edits import plot_batched_edits

plot_batched_edits(snakemake.input.results, snakemake.output, **snakemake.params.item)

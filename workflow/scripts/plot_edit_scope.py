"""Draw the embedding space of the scope classifier."""

from serac.workflow import start

start(snakemake)

from serac.paper.figure_edit_scope import plot_edit_scope

plot_edit_scope(snakemake.input.space[0], snakemake.output)

"""Draw edit success by kind of input."""

from serac.workflow import start

start(snakemake)

from serac.paper.figure_per_kind import plot_per_kind

plot_per_kind(snakemake.input.results, snakemake.output, k=snakemake.params.k, editors=snakemake.params.editors)

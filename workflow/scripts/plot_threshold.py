"""Draw what the routing threshold decides."""

from serac.workflow import grouped, start

start(snakemake)

from serac.paper.figure_threshold import plot_threshold

plot_threshold(grouped(snakemake.params.editors, snakemake.input), snakemake.output)

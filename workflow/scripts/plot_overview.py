"""Draw the method."""

from serac.workflow import start

start(snakemake)

from serac.paper.figure_overview import plot_overview

plot_overview(snakemake.output)

"""Draw the course of every training."""

from serac.workflow import grouped, start

start(snakemake)

from serac.paper.figure_training_curves import plot_training_curves

plot_training_curves(grouped(snakemake.params.panels, snakemake.input), snakemake.output)

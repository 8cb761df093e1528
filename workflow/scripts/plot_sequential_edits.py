"""Draw edits that arrive one after another."""

from serac.workflow import grouped, start

start(snakemake)

from serac.paper.figure_sequential_edits import plot_sequential_edits

plot_sequential_edits(grouped(snakemake.params.editors, snakemake.input), snakemake.output)

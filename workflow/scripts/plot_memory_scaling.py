"""Draw latencies with memories of growing size."""

from serac.workflow import start

start(snakemake)

from serac.paper.figure_memory_scaling import plot_memory_scaling

plot_memory_scaling(snakemake.input.scaling, snakemake.output)

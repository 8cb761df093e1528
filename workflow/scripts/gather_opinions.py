"""Write the sampled completions of one part as a native file of ConvSent, with a report."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.sources.rebuilt.opinions import gather

output = snakemake.output
gather(map(Path, snakemake.input), Path(output.opinions), Path(output.report))

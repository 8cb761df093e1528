"""Take one raw file out of the archive of its release."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.config.sources import SourceSettings
from serac.sources.retrieve import extract_file

source = SourceSettings(**snakemake.params.source)
extract_file(Path(snakemake.input[0]), source, snakemake.wildcards.file, Path(snakemake.output[0]))

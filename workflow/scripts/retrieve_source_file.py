"""Retrieve one raw file from the internet."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.config.sources import ReleaseSettings, SourceSettings
from serac.sources.lock import Lock
from serac.sources.retrieve import retrieve_file

params = snakemake.params
retrieve_file(
    ReleaseSettings(**params.release),
    SourceSettings(**params.source),
    snakemake.wildcards.file,
    Path(snakemake.output[0]),
    Path(params.work),
    Lock(params.lock),
)

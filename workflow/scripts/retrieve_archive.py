"""Retrieve the archive of one release."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.config.sources import ReleaseSettings
from serac.sources.lock import Lock
from serac.sources.retrieve import retrieve_archive

params = snakemake.params
retrieve_archive(ReleaseSettings(**params.release), Path(snakemake.output[0]), Path(params.work), Lock(params.lock))

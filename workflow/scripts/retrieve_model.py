"""Retrieve one checkpoint from a model hub, as it is published there."""

import shutil
from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.config.models import CheckpointSettings
from serac.sources import hub
from serac.sources.lock import Lock

params, settings = snakemake.params, CheckpointSettings(**snakemake.params.checkpoint)
assert settings.repo
work = hub.retrieve(settings.repo, "model", hub.model_files, Path(params.work), Lock(params.lock), settings.revision)
shutil.move(work, snakemake.output[0])

"""Retrieve one checkpoint from a model hub."""

import shutil
from pathlib import Path

from serac.workflow import folder, start

start(snakemake)

from serac.config.models import CheckpointSettings
from serac.models.checkpoints import copy_checkpoint
from serac.sources import hub
from serac.sources.lock import Lock

params, settings = snakemake.params, CheckpointSettings(**snakemake.params.checkpoint)
work = Path(params.work)
hub.retrieve(settings.repo, "model", hub.model_files, work, Lock(params.lock), settings.revision)
copy_checkpoint(work, folder(snakemake.output), settings)
shutil.rmtree(work)

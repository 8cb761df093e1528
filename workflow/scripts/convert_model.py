"""Bring one retrieved checkpoint into the layout that all rules read."""

from pathlib import Path

from serac.workflow import Job, folder, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.models import CheckpointSettings
from serac.models.checkpoints import copy_checkpoint

settings = CheckpointSettings(**snakemake.params.checkpoint)
copy_checkpoint(Path(snakemake.input[0]), folder(snakemake.output), settings)

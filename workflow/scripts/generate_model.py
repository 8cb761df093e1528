"""Make one pre-trained checkpoint: from random weights, an installed package or a local folder."""

from pathlib import Path

from serac.workflow import Job, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

from serac.config.models import CheckpointSettings
from serac.models.checkpoints import make_checkpoint

settings = CheckpointSettings(**snakemake.params.checkpoint)
with training_folder(snakemake) as work:
    raw = folder(snakemake.input).parent if snakemake.input else Path()
    make_checkpoint(settings, raw, folder(snakemake.output), work, seed=snakemake.params.seed)

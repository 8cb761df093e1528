"""Retrieve one checkpoint from a model hub."""

from serac.workflow import folder, start, training_folder

start(snakemake)

from serac.config.models import CheckpointSettings
from serac.models.checkpoints import make_checkpoint
from serac.sources.hub import snapshot

settings = CheckpointSettings(**snakemake.params.checkpoint)
with training_folder(snakemake) as work:
    local = settings.model_copy(
        update={"source": "local", "path": str(snapshot(settings.repo, settings.revision, work))}
    )
    make_checkpoint(local, work, folder(snakemake.output), work, seed=0)

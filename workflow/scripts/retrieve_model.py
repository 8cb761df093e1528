"""Retrieve one checkpoint from a model hub."""

from serac.workflow import folder, start

start(snakemake)

from serac.config.models import CheckpointSettings
from serac.sources.hub import retrieve_checkpoint

retrieve_checkpoint(CheckpointSettings(**snakemake.params.checkpoint), folder(snakemake.output))

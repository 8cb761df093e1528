"""Running the workflow: what its scripts share, provenance, progress, SLURM, jobs without Snakemake, generated docs."""

from serac.workflow.job import Job, device, folder, load_editor, start, training_folder

__all__ = ["Job", "device", "folder", "load_editor", "start", "training_folder"]

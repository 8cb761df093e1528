"""Running the workflow: what its scripts share, provenance, progress, SLURM, jobs without Snakemake, generated docs."""

from serac.workflow.job import device, folder, grouped, load_editor, start, training_folder

__all__ = ["device", "folder", "grouped", "load_editor", "start", "training_folder"]

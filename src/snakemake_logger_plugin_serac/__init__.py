"""Snakemake's door to the display of progress: ``snakemake --logger serac`` (the default profile asks for it)."""

from serac.workflow.progress import LogHandler

__all__ = ["LogHandler"]

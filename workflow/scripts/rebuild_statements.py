"""Rebuild True/False statements and implications of one zsRE file from its questions."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.sources.rebuilt.zsre import rebuild

output = snakemake.output
rebuild(Path(snakemake.input[0]), Path(output.statements), Path(output.implications), Path(output.report))

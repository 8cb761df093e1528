"""Workflow script of the faults: fit a line and write its weights."""

import sys
from pathlib import Path

from serac.workflow import Job, start, training_folder

snakemake: Job
start(snakemake)
sys.path.insert(0, snakemake.scriptdir)

from safetensors.torch import save_file

from fit_line import fit, noted, saved_step, stalling

name = snakemake.wildcards.name
with training_folder(snakemake) as work, noted(name, work):
    stall = name.startswith("stalling") and saved_step(work) == 0
    save_file(fit(work, stalling(name)) if stall else fit(work), Path(snakemake.output[0]))

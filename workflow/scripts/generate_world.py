"""Write the raw files of the generated world, those of the sources that are to be generated."""

import shutil
import tempfile
from pathlib import Path

from serac.workflow import Job, folder, start

snakemake: Job
start(snakemake)

from serac.config.world import WorldSize
from serac.sources.miniature import generate_world

world, raw = snakemake.params.world, folder(snakemake.output).parent
with tempfile.TemporaryDirectory(dir=raw) as whole:
    generate_world(Path(whole), seed=world["seed"], size=WorldSize(**world["size"]))
    for file in map(Path, snakemake.output):
        shutil.move(Path(whole) / file.relative_to(raw), file)

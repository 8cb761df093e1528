"""Copy one raw file from a local folder."""

import shutil
from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.problems.native_files import require

source = Path(snakemake.params.source["path"]) / snakemake.wildcards.file
require(source)
shutil.copyfile(source, snakemake.output[0])

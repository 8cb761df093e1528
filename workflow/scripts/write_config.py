"""Write the validated configuration of the run."""

from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

import yaml

Path(snakemake.output[0]).write_text(yaml.safe_dump(snakemake.params.settings, sort_keys=False), encoding="utf-8")

"""Copy the main table and one figure into the README, and say how long runs took."""

import datetime
import os
from pathlib import Path

import yaml

from serac.workflow import start

start(snakemake)

from serac.paper.readme import update_readme
from serac.paper.table_rules import busy_seconds, read_jobs
from serac.workflow.provenance import origin

params, files = snakemake.params, snakemake.input


def duration(run: Path) -> str:
    world = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["world"]["name"]
    seconds = busy_seconds(read_jobs(Path(".snakemake/metadata"), [str(run), f"resources/{world}"]))
    return f"{seconds / 60:.1f} minutes"


made = origin(files.provenance)
about = {
    "Run": snakemake.wildcards.run,
    "date": datetime.date.fromtimestamp(Path(files.provenance).stat().st_mtime).isoformat(),
    "commit": made["commit"],
    "machine": f"{made['device']}, {os.cpu_count()} cores",
    **{f"time of `{run.parent.name}`": duration(run.parent) for run in sorted(Path("results").glob("*/config.yaml"))},
}
update_readme(params.readme, main_table=files.table, figure=files.figure, picture=params.picture, about=about)

"""Copy tables, the claims and one figure into a page of the project, and say how long runs took."""

import datetime
import os
from pathlib import Path

import yaml

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.paper.readme import update_readme
from serac.paper.report import claims_lines, read_records
from serac.workflow import provenance
from serac.workflow.run_cost import busy_seconds

params, files = snakemake.params, snakemake.input


def duration(run: Path) -> str:
    world = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["world"]["name"]
    return f"{busy_seconds(provenance.read_records([run, Path('resources') / world])) / 60:.1f} minutes"


made = provenance.origin(files.tables[0])
about = {
    "Run": snakemake.wildcards.run,
    "date": datetime.date.fromtimestamp(Path(files.tables[0]).stat().st_mtime).isoformat(),
    "commit": made["commit"],
    "machine": f"{made['device']}, {os.cpu_count()} cores",
    **{f"time of `{run.parent.name}`": duration(run.parent) for run in sorted(Path("results").glob("*/config.yaml"))},
}
claims = claims_lines(read_records(files.records))
update_readme(params.page, tables=files.tables, figure=files.figure, picture=params.picture, about=about, claims=claims)

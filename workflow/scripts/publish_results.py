"""Copy the main table and one figure into the README."""

import datetime
import json
import os
from pathlib import Path

import pandas as pd

from serac.workflow import start

start(snakemake)

from serac.paper.readme import update_readme

params, files = snakemake.params, snakemake.input
seconds = pd.read_csv(files.rules)["seconds"].sum()
made = json.loads(Path(files.provenance).read_text(encoding="utf-8"))
about = {
    "Run": snakemake.wildcards.run,
    "date": datetime.date.today().isoformat(),
    "commit": made["commit"],
    "machine": f"{made['device']}, {os.cpu_count()} cores",
    "work": f"{seconds / 60:.0f} minutes of one core",
}
update_readme(params.readme, main_table=files.table, figure=files.figure, picture=params.picture, about=about)

"""Measure SERAC's latency with memories of growing size, by the program of the same name."""

import runpy
import sys
from pathlib import Path

from serac.workflow import Job, start

snakemake: Job
start(snakemake, torch=True)

import pandas as pd

program, item = Path(snakemake.input.program), snakemake.params.item
options = {name.replace("_", "-"): value if isinstance(value, list) else [value] for name, value in item.items()}
arguments = [str(word) for name, values in options.items() for word in (f"--{name}", *values)]
sys.argv = [str(program), *arguments, "--out", snakemake.output.measured]
sys.path.insert(0, str(program.parent))
runpy.run_path(str(program), run_name="__main__")

measured = pd.read_csv(snakemake.output.measured).rename(columns={"kind": "classifier"})
base_ms = measured.groupby("batch")["base_ms"].transform("median")  # it does not depend on the memory
ways = {"ours": "serac", "reference": "reference"}
parts = [
    measured[["classifier", "edits", "batch"]].assign(
        way=way, seconds=measured[f"{column}_ms"] / 1000, ratio=measured[f"{column}_ms"] / base_ms
    )
    for way, column in ways.items()
    if f"{column}_ms" in measured
]
pd.concat(parts).dropna().to_csv(snakemake.output.scaling, index=False)

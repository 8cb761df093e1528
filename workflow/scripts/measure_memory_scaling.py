"""Measure SERAC's latency with memories of growing size, by the program of the same name."""

import runpy
import sys
from pathlib import Path

from serac.workflow import start

start(snakemake)

program, item = Path(snakemake.input.program), snakemake.params.item
options = {name.replace("_", "-"): value if isinstance(value, list) else [value] for name, value in item.items()}
arguments = [str(word) for name, values in options.items() for word in (f"--{name}", *values)]
sys.argv = [str(program), *arguments, "--out", snakemake.output[0]]
sys.path.insert(0, str(program.parent))
runpy.run_path(str(program), run_name="__main__")

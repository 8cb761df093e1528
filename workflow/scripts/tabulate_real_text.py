"""Tabulate the routing of real texts: means over training seeds."""

from pathlib import Path

import pandas as pd

from serac.workflow import start

start(snakemake)

from serac.paper.table_real_text import real_text_table, write_real_text

table = real_text_table(pd.concat(map(pd.read_csv, snakemake.input)))
write_real_text(table, Path(snakemake.output.csv), Path(snakemake.output.md))

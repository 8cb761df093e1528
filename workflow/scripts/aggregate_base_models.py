"""Gather the outcomes in front of several base models in one tidy table."""

import pandas as pd

from serac.workflow import grouped, start

start(snakemake)

from serac.config.evaluation import BootstrapSettings
from serac.evaluation.aggregate import OutcomesFile, aggregate, write_results

settings, run = BootstrapSettings(**snakemake.params.bootstrap), snakemake.wildcards.run
parts = [
    aggregate(run, map(OutcomesFile.from_path, files), settings).assign(base=base)
    for base, files in grouped(snakemake.params.bases, snakemake.input).items()
]
write_results(pd.concat(parts), snakemake.output[0])

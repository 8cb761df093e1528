"""Gather all outcomes in one tidy table with bootstrap intervals."""

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.config.evaluation import BootstrapSettings
from serac.evaluation.metrics import OutcomesFile, aggregate, write_results

files = [OutcomesFile.from_path(path) for path in snakemake.input]
settings = BootstrapSettings(**snakemake.params.bootstrap)
write_results(aggregate(snakemake.wildcards.run, files, settings), snakemake.output[0])

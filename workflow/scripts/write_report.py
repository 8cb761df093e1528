"""Write the claims of the run with their verdicts, and its report."""

import os

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.paper.report import read_records, write_claims, write_report
from serac.workflow.provenance import origin

files, params = snakemake.input, snakemake.params
records = read_records(files.records)
write_claims(records, snakemake.output.claims)
write_report(
    records,
    files.shown,
    snakemake.output.report,
    name=snakemake.wildcards.run,
    confidence=params.confidence,
    about={
        **origin(*files.records),
        "cores": os.cpu_count(),
        "seeds of evaluation": len(params.seeds["evaluation"]),
        "seeds of training": len(params.seeds["training"]),
    },
)

"""Join the included tables of facts with the wordings of their relations."""

from serac.workflow import Job, start

snakemake: Job
start(snakemake)

from serac.sources.facts import write_facts

print(f"{write_facts(snakemake.output[0])} facts")

"""Write what every rule took and the longest chain of jobs."""

from pathlib import Path

from serac.workflow import start

start(snakemake)

from serac.paper.table_rules import Costs, read_jobs, tabulate_rules
from serac.workflow.slurm_records import accounted, read_grant, record_path

known = set(snakemake.params.rules)  # a folder may hold records of rules that are no more
entries = sorted(entry for folder in map(Path, snakemake.params.benchmarks) for entry in folder.glob("*"))
rules = [entry for entry in entries if entry.stem in known]
files = {rule.stem: [rule] if rule.is_file() else sorted(rule.rglob("*.tsv")) for rule in rules}
kept = {file: record_path(file) for group in files.values() for file in group}
grants = {file: read_grant(path) for file, path in kept.items() if path.is_file()}
costs = Costs(grants, accounted(grant.job for grant in grants.values()))
places = [str(Path(folder).parent) for folder in snakemake.params.benchmarks]
jobs = {key: job for key, job in read_jobs(Path(".snakemake/metadata"), places).items() if job.rule in known}
tabulate_rules(files, snakemake.output, jobs=jobs, costs=costs)

"""Write what every rule took and the longest chain of jobs."""

from pathlib import Path

from serac.workflow import start

start(snakemake)

from serac.paper.table_rules import tabulate_rules

rules = sorted(entry for folder in map(Path, snakemake.params.benchmarks) for entry in folder.glob("*"))
files = {rule.stem: [rule] if rule.is_file() else sorted(rule.rglob("*.tsv")) for rule in rules}
metadata = Path(".snakemake/metadata")
tabulate_rules(files, snakemake.output, metadata=metadata if metadata.is_dir() else None)

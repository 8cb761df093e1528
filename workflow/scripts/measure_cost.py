"""Measure one forward pass of the base model and of the edited model, side by side."""

import json
from pathlib import Path

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import CostSettings
from serac.evaluation.cost import measure_cost
from serac.records import read_examples

editor, _ = load_editor(snakemake)
examples = read_examples(snakemake.input.examples)
edits = [example.edit for example in examples]
queries = [query for example in examples for query in (*example.in_scope, *example.out_of_scope)]
cost = measure_cost(editor, edits, queries, CostSettings(**snakemake.params.cost))
Path(snakemake.output[0]).write_text(json.dumps(cost, indent=1) + "\n", encoding="utf-8")

"""Evaluate a tuned editor on the test split."""

import json
from pathlib import Path

from serac.workflow import device, folder, start

start(snakemake)

from serac.config.evaluation import EvaluationSettings
from serac.editors.assembly import assemble
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.evaluate import evaluate
from serac.evaluation.provenance import config_hash, provenance, write_provenance
from serac.models.loading import load_base
from serac.records import read_examples

params, files, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
base, task = load_base(folder(files.base), params.task, params.max_length, device(snakemake))
parts = {part: folder(files[part]) for part in ("scope", "counterfactual", "weights") if part in files.keys()}
choice = json.loads(Path(files.tuning).read_text(encoding="utf-8"))["best"]
editor = assemble(params.editor, base, task, matrices=params.edited, **parts).tuned(**choice)
outcomes = evaluate(
    editor,
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    EvaluationSettings(**params.evaluation),
    params.seeds,
    k=int(wildcards.k),
)
outcomes.to_parquet(snakemake.output.outcomes, index=False)
record = provenance(config_hash(dict(params.items())), seed=int(wildcards.seed))
write_provenance(snakemake.output.outcomes, record, choice=choice, rows=len(outcomes))

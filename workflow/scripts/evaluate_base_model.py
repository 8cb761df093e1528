"""Evaluate an editor in front of a base model that it never saw."""

from serac.workflow import load_editor, start

start(snakemake)

from serac.config.evaluation import EvaluationSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.evaluate import evaluate
from serac.records import read_examples

params, wildcards = snakemake.params, snakemake.wildcards
settings = EvaluationSettings(**params.evaluation)
editor, _ = load_editor(snakemake)
examples = read_examples(snakemake.input.examples)
base_outputs = BaseOutputs.predict(editor.base, editor.task, examples, batch_size=settings.batch_size)
outcomes = evaluate(editor, examples, base_outputs, settings, params.seeds, k=int(wildcards.k))
outcomes.to_parquet(snakemake.output[0], index=False)

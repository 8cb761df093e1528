"""Evaluate a tuned editor on the test split."""

from serac.workflow import load_editor, start

start(snakemake)

from serac.config.evaluation import EvaluationSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.evaluate import evaluate
from serac.evaluation.provenance import config_hash, provenance, write_provenance
from serac.records import read_examples

params, files, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
editor, choice = load_editor(snakemake)
examples, base_outputs = read_examples(files.examples), BaseOutputs.load(files.base_outputs)
outcomes = evaluate(
    editor, examples, base_outputs, EvaluationSettings(**params.evaluation), params.seeds, k=int(wildcards.k)
)
outcomes.to_parquet(snakemake.output.outcomes, index=False)
record = provenance(config_hash(dict(params.items())), seed=int(wildcards.seed))
write_provenance(snakemake.output.outcomes, record, choice=choice, rows=len(outcomes))

"""Evaluate an editor, by what it generates, in front of a base model that it may never have seen."""

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import EvaluationSettings
from serac.evaluation.free_generation import evaluate_by_generation
from serac.records import read_examples

params, wildcards = snakemake.params, snakemake.wildcards
editor, _ = load_editor(snakemake)
examples, settings = read_examples(snakemake.input.examples), EvaluationSettings(**params.evaluation)
outcomes = evaluate_by_generation(editor, examples, settings, params.seeds, k=int(wildcards.k))
outcomes.to_parquet(snakemake.output[0], index=False)

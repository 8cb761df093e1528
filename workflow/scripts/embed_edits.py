"""Embed sampled edits and the inputs around them with a trained scope classifier."""

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.evaluation.embedding_space import embedding_space
from serac.records import read_examples

params = snakemake.params
editor, _ = load_editor(snakemake)
examples = read_examples(snakemake.input.examples)
space = embedding_space(
    editor.classifier, examples, editor.task, edits=params.edits, inputs=params.inputs, seed=params.seed
)
space.to_parquet(snakemake.output[0], index=False)

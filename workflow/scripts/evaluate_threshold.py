"""Score every input both routed and not, so that any routing threshold can be looked at."""

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import EvaluationSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.threshold import threshold_outcomes
from serac.records import read_examples

params, files = snakemake.params, snakemake.input
editor, _ = load_editor(snakemake)
outcomes = threshold_outcomes(
    editor,
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    EvaluationSettings(**params.evaluation),
    params.seeds,
    k=int(snakemake.wildcards.k),
)
outcomes.to_parquet(snakemake.output[0], index=False)

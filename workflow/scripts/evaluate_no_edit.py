"""Score the base model without any edit."""

from serac.workflow import Job, folder, start

snakemake: Job
start(snakemake, torch=True)

from transformers import AutoTokenizer

from serac.config.evaluation import EvaluationSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.scoring import evaluate_unedited
from serac.records import read_examples
from serac.tasks.registry import load_task

params, files = snakemake.params, snakemake.input
outcomes = evaluate_unedited(
    load_task(params.task, AutoTokenizer.from_pretrained(folder(files.base)), params.max_length),
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    EvaluationSettings(**params.evaluation),
    params.seeds,
    k=int(snakemake.wildcards.k),
)
outcomes.to_parquet(snakemake.output[0], index=False)

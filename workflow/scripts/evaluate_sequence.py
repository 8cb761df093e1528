"""Apply edits one after another and score all of them again and again."""

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import SequentialSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.sequential import evaluate_sequence
from serac.records import read_examples

params, files = snakemake.params, snakemake.input
editor, _ = load_editor(snakemake)
course = evaluate_sequence(
    editor,
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    SequentialSettings(**params.sequential),
    params.seeds,
)
course.to_csv(snakemake.output[0], index=False, float_format="%.6f", lineterminator="\n")

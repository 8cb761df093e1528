"""Choose an editor's hyperparameters on the validation split, then evaluate it on the test split."""

import json
from pathlib import Path

from serac.workflow import Job, load_editor, start

snakemake: Job
start(snakemake, torch=True)

from serac.config.evaluation import EvaluationSettings, TuningSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.prose import prose_windows
from serac.evaluation.scoring import evaluate
from serac.evaluation.tuning import tune
from serac.records import read_examples

params, files, output = snakemake.params, snakemake.input, snakemake.output
evaluation, k = EvaluationSettings(**params.evaluation), int(snakemake.wildcards.k)
editor, _ = load_editor(snakemake)

chosen = tune(
    editor,
    read_examples(files.validation),
    BaseOutputs.load(files.validation_outputs),
    TuningSettings(**params.tuning),
    k=k,
    batch_size=evaluation.batch_size,
)
Path(output.tuning).write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")

outcomes = evaluate(
    editor.tuned(**chosen["best"]),
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    evaluation,
    params.seeds,
    k=k,
    prose=prose_windows(editor.task.tokenizer, params.prose) if params.prose else None,
)
outcomes.to_parquet(output.outcomes, index=False)

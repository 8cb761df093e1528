"""Choose an editor's hyperparameters on the validation split."""

import json
from pathlib import Path

from serac.workflow import load_editor, start

start(snakemake)

from serac.config.evaluation import TuningSettings
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.tune import tune
from serac.records import read_examples

params, files = snakemake.params, snakemake.input
editor, _ = load_editor(snakemake)
chosen = tune(
    editor,
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    TuningSettings(**params.tuning),
    k=int(snakemake.wildcards.k),
    batch_size=params.batch_size,
)
Path(snakemake.output[0]).write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")

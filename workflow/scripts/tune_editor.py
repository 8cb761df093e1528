"""Choose an editor's hyperparameters on the validation split."""

import json
from pathlib import Path

from serac.workflow import device, folder, start

start(snakemake)

from serac.config.evaluation import TuningSettings
from serac.editors.assembly import assemble
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.tune import tune
from serac.models.loading import load_base
from serac.records import read_examples

params, files = snakemake.params, snakemake.input
base, task = load_base(folder(files.base), params.task, params.max_length, device(snakemake))
parts = {part: folder(files[part]) for part in ("scope", "counterfactual", "weights") if part in files.keys()}
editor = assemble(params.editor, base, task, matrices=params.edited, **parts)
chosen = tune(
    editor,
    read_examples(files.examples),
    BaseOutputs.load(files.base_outputs),
    TuningSettings(**params.tuning),
    k=int(snakemake.wildcards.k),
    batch_size=params.batch_size,
)
Path(snakemake.output[0]).write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")

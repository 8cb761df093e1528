"""Train one learned editor for a number of simultaneous edits."""

import shutil

from serac.workflow import Job, device, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

from serac.config.training import TrainSettings
from serac.editors.from_settings import assemble
from serac.editors.learned import LearnedEditor
from serac.models.base_model import load_base
from serac.records import read_examples
from serac.training import train

params, wildcards, target = snakemake.params, snakemake.wildcards, folder(snakemake.output)
seed, settings = int(wildcards.seed), TrainSettings(**params.train)
base, task = load_base(folder(snakemake.input.base), params.task, params.max_length, device(snakemake))
editor = assemble({**params.editor, "seed": seed}, base, task, matrices=params.edited)
train_data, validation = map(read_examples, snakemake.input.data)
assert isinstance(editor, LearnedEditor)
with training_folder(snakemake) as work:
    objective = editor.objective(train_data, validation, settings, k=int(wildcards.k))
    train(objective, settings, work, seed=seed)
    editor.save_pretrained(target)
    shutil.copyfile(work / "history.csv", target / "history.csv")

"""Train one scope classifier."""

import shutil

from serac.workflow import Job, device, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

from transformers import AutoTokenizer

from serac.config.serac import ScopeSettings
from serac.editors.serac.classifiers import untrained_classifier
from serac.editors.serac.training import scope_objective
from serac.records import read_examples
from serac.tasks.registry import load_task
from serac.training import train

params, target = snakemake.params, folder(snakemake.output)
seed, settings = int(snakemake.wildcards.seed), ScopeSettings(**params.scope)
classifier = untrained_classifier(folder(snakemake.input.checkpoint), settings, seed=seed)
classifier.to(device(snakemake))
if settings.train:
    reader = load_task(params.task, AutoTokenizer.from_pretrained(folder(snakemake.input.reader)), params.max_length)
    train_data, validation = map(read_examples, snakemake.input.data)
    objective = scope_objective(classifier, train_data, validation, settings, reader)
    with training_folder(snakemake) as work:
        train(objective, settings.train, work, seed=seed)
        classifier.save_pretrained(target)
        shutil.copyfile(work / "history.csv", target / "history.csv")
else:
    classifier.save_pretrained(target)
    (target / "history.csv").write_text("step\n")

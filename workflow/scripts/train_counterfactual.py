"""Train one counterfactual model."""

import shutil

from serac.workflow import Job, device, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

import torch

from serac.config.serac import CounterfactualSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.training import counterfactual_objective
from serac.records import read_examples
from serac.training import train

params, target = snakemake.params, folder(snakemake.output)
seed, settings = int(snakemake.wildcards.seed), CounterfactualSettings(**params.counterfactual)
torch.manual_seed(seed)  # of weights that the checkpoint lacks
model = CounterfactualModel.from_checkpoint(folder(snakemake.input.checkpoint), settings, params.task)
model.to(device(snakemake))
if settings.train:
    train_data, validation = map(read_examples, snakemake.input.data)
    objective = counterfactual_objective(model, train_data, validation, settings)
    with training_folder(snakemake) as work:
        train(objective, settings.train, work, seed=seed)
        model.save_pretrained(target)
        shutil.copyfile(work / "history.csv", target / "history.csv")
else:
    model.save_pretrained(target)
    (target / "history.csv").write_text("step\n")

"""Train the model that is edited."""

import shutil

from serac.workflow import Job, device, folder, start, training_folder

snakemake: Job
start(snakemake, torch=True)

import torch

from serac.config.models import BaseModelSettings
from serac.models.base_model import load_base, train_base
from serac.problems.base_pairs import read_pairs

params, target = snakemake.params, folder(snakemake.output)
settings = BaseModelSettings(**params.base)
torch.manual_seed(params.seed)  # of weights that the checkpoint lacks
model, task = load_base(folder(snakemake.input.checkpoint), params.task, params.max_length, device(snakemake))
with training_folder(snakemake) as work:
    if settings.train:
        pairs = dict(zip(("train", "validation"), map(read_pairs, snakemake.input.data), strict=True))
        train_base(model, task, pairs, settings.train, work, seed=params.seed)
        shutil.copyfile(work / "history.csv", target / "history.csv")
    else:
        (target / "history.csv").write_text("step\n")
    model.save_pretrained(target)
    task.tokenizer.save_pretrained(target)

"""Base models, which editors edit: loaded, trained on the base data of a problem, and assessed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel

from serac.config.training import TrainSettings
from serac.errors import ConfigError
from serac.problems.base_pairs import BasePair
from serac.tasks import losses
from serac.tasks.base import Task, device_of
from serac.tasks.loading import ready_for_training
from serac.tasks.registry import TASKS, load_task
from serac.training import Objective, train


def load_base(folder: Path | str, task: str, max_length: int, device: str = "cpu") -> tuple[PreTrainedModel, Task]:
    """The model in ``folder`` on ``device``, and the task around its tokenizer; ``ConfigError`` for an unknown task."""
    reader = load_task(task, AutoTokenizer.from_pretrained(folder), max_length)
    model: PreTrainedModel = TASKS[task].load_model(str(folder))
    return model.to(device), reader  # type: ignore[arg-type]


def train_base(
    model: PreTrainedModel,
    task: Task,
    pairs: Mapping[str, Sequence[BasePair]],
    settings: TrainSettings,
    work: Path,
    *,
    seed: int,
) -> list[dict[str, float]]:
    """Train ``model`` in place on ``pairs["train"]``, keeping the weights that perform best on ``pairs["validation"]``.

    Returns the training history. ``work`` keeps what an interrupted training resumes from.
    """
    objective = base_objective(model, task, pairs["train"], pairs["validation"], settings)
    return train(objective, settings, work, seed=seed)


def base_objective(
    model: PreTrainedModel,
    task: Task,
    pairs: Sequence[BasePair],
    validation: Sequence[BasePair],
    settings: TrainSettings,
) -> Objective:
    """Negative log-likelihood of the label given the input; validation key ``score`` is minus the loss."""
    ready_for_training(model, settings)
    validation = validation[: settings.validation_examples]

    def loss(rng: random.Random) -> Tensor:
        batch = _encode(task, model, rng.choices(pairs, k=settings.batch_size))
        return task.edit_loss(task.logits(model, batch), batch)

    def validate() -> dict[str, float]:
        numbers = assess_base(model, task, validation, settings.batch_size)
        return {**numbers, "score": -numbers["loss"]}

    return Objective(model, loss, validate, "score")


@torch.no_grad()
def assess_base(model: PreTrainedModel, task: Task, pairs: Sequence[BasePair], batch_size: int) -> dict[str, float]:
    """``accuracy`` (whole outputs, teacher forcing), ``loss`` and ``perplexity`` on ``pairs``.

    The loss is the mean over all label tokens (verdicts, in fact checking), whatever the batch size. Raises
    ``ConfigError`` if there are no pairs.
    """
    if not pairs:
        raise ConfigError("no pairs to validate the base model on. Hint: raise the problem's base_validation or limits")
    right, total, counted = 0.0, 0.0, 0
    for start in range(0, len(pairs), batch_size):
        chunk = pairs[start : start + batch_size]
        batch = _encode(task, model, chunk)
        logits = task.logits(model, batch)
        labels = int((batch["labels"] != losses.IGNORED).sum())
        total, counted = total + task.edit_loss(logits, batch).item() * labels, counted + labels
        right += task.correct(logits, batch).sum().item()
    loss = total / counted
    return {"accuracy": right / len(pairs), "loss": loss, "perplexity": float(torch.tensor(loss).exp())}


def _encode(task: Task, model: PreTrainedModel, pairs: Sequence[BasePair]) -> dict[str, Tensor]:
    batch = task.encode([pair.input for pair in pairs], [pair.label for pair in pairs])
    return {name: tensor.to(device_of(model)) for name, tensor in batch.items()}

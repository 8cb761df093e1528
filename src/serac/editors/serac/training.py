"""Supervised training of SERAC's two models from edit data alone; the base model is never used (section 2)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from serac.config.serac import CounterfactualSettings, ScopeSettings
from serac.config.training import TrainSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.scope import Pair, ScopeClassifier
from serac.editors.training_batches import DrawnBatch, draw_batch
from serac.errors import ConfigError
from serac.models.tokenizers import ordinary_tokens
from serac.records import Edit, EditExample
from serac.tasks.base import Task
from serac.tasks.loading import ready_for_training
from serac.tasks.losses import balanced_bce
from serac.training import Objective

LONGEST_RANDOM_LABEL = 8
"""Tokens."""
TIE_BREAK = 1e-3
VALIDATION_SEED = 0


@dataclass(frozen=True)
class ScopePairs:
    """Pairs of edit and input; the first ``positives`` are in scope, the others are not."""

    pairs: list[Pair]
    positives: int

    @property
    def labels(self) -> Tensor:
        """1 for pairs in scope, 0 for the others; int64 [N]."""
        return (torch.arange(len(self.pairs)) < self.positives).long()


def scope_pairs(batch: DrawnBatch, *, use_all_pairs: bool = False, task: Task | None = None) -> ScopePairs:
    """Positives: each input in scope with its own edit. Negatives: each input out of scope with the edit drawn with it.

    ``use_all_pairs`` adds every input with every edit of the batch that it does not belong to. With ``task``, texts
    are what that task's tokenizer keeps of them, as they will be when inputs are routed.
    """
    edits, inside, outside = _read(batch, task)
    positives = [(edits[edit], text) for edit, text in zip(batch.in_scope_edit, inside, strict=True)]
    if use_all_pairs:
        foreign = [
            (edit, text)
            for own, text in zip(batch.in_scope_edit, inside, strict=True)
            for place, edit in enumerate(edits)
            if place != own
        ]
        negatives = foreign + [(edit, text) for text in outside for edit in edits]
    else:
        negatives = [(edits[edit], text) for edit, text in zip(batch.out_of_scope_edit, outside, strict=True)]
    return ScopePairs(positives + negatives, len(positives))


def scope_loss(classifier: ScopeClassifier, drawn: ScopePairs) -> Tensor:
    """Mean of -log g over positives plus mean of -log(1 - g) over negatives (scalar, with gradients).

    With ``hardest``, the mean of -log(1 - g) over the hardest negatives is added with that weight.
    """
    log_g = classifier.pair_log_similarity(drawn.pairs)
    loss = balanced_bce(log_g, drawn.labels.to(log_g.device))
    if weight := classifier.settings.hardest:
        negatives = log_g[drawn.positives :]
        hardest = negatives.topk(min(drawn.positives, len(negatives))).values
        loss = loss + weight * balanced_bce(hardest, torch.zeros_like(hardest))
    return loss


def scope_objective(
    classifier: ScopeClassifier,
    train: Sequence[EditExample],
    validation: Sequence[EditExample],
    settings: ScopeSettings,
    task: Task | None = None,
) -> Objective:
    """Trains the classifier on batches of ``batch_size`` edits; maximises ``score``.

    ``score`` is the balanced accuracy at probability 0.5 on fixed validation pairs, with ties broken by a small part
    of the loss, or minus the loss where ``stopping`` says so. ``task`` is that of the base model in front of which
    the classifier will work. Raises ``ConfigError`` if ``settings.train`` is null.
    """
    training = _required(settings.train, "scope classifier")
    ready_for_training(classifier.encoder, training, settings.frozen_layers)

    def draw(rng: random.Random, examples: Sequence[EditExample], edits: int, all_pairs: bool) -> ScopePairs:
        batch = draw_batch(rng, examples, edits, settings.hard_negatives, settings.neighbours)
        return scope_pairs(batch, use_all_pairs=all_pairs, task=task)

    fixed = [draw(rng, validation, edits, False) for rng, edits in _validation_draws(validation, training)]

    def loss(rng: random.Random) -> Tensor:
        drawn = draw(rng, train, training.batch_size, settings.use_all_pairs)
        return scope_loss(classifier, drawn)

    return Objective(classifier, loss, lambda: _validate_scope(classifier, fixed, training.stopping), "score")


def counterfactual_objective(
    counterfactual: CounterfactualModel,
    train: Sequence[EditExample],
    validation: Sequence[EditExample],
    settings: CounterfactualSettings,
) -> Objective:
    """Trains the counterfactual model on wanted outputs given the gold edit; maximises ``score``.

    ``score`` is the accuracy on fixed validation inputs, with ties broken by the loss, or minus the loss where
    ``stopping`` says so or some outputs are unwanted (dialogue). Raises ``ConfigError`` if ``settings.train`` is null.
    """
    training = _required(settings.train, "counterfactual model")
    fixed = [draw_batch(rng, validation, edits, 0.0) for rng, edits in _validation_draws(validation, training)]
    ready_for_training(counterfactual.model, training, settings.frozen_layers)

    tokenizer = counterfactual.task.tokenizer
    ordinary = ordinary_tokens(tokenizer)

    def loss(rng: random.Random) -> Tensor:
        drawn = draw_batch(rng, train, training.batch_size, 0.0)
        if settings.random_labels:
            drawn = with_random_labels(rng, drawn, settings.random_labels, tokenizer, ordinary)
        return counterfactual_loss(counterfactual, drawn)

    def validate() -> dict[str, float]:
        return _validate_counterfactual(counterfactual, fixed, training.stopping)

    return Objective(counterfactual, loss, validate, "score")


def with_random_labels(
    rng: random.Random, drawn: DrawnBatch, share: float, tokenizer: PreTrainedTokenizerBase, ordinary: Sequence[int]
) -> DrawnBatch:
    """A batch in which a ``share`` of the edits ask for random ``ordinary`` tokens, as do their inputs in scope (ours).

    A model that trains on few labels learns them by heart; it has to copy these. Inputs that are answered otherwise,
    such as statements, name the new label where they named the old one.
    """
    edits, inside = list(drawn.edits), list(drawn.in_scope)
    for place, edit in enumerate(drawn.edits):
        if not edit.label or rng.random() >= share:
            continue
        label = str(tokenizer.decode(rng.choices(ordinary, k=rng.randint(1, LONGEST_RANDOM_LABEL)))).strip()
        edits[place] = replace(edit, label=label)
        for row in (row for row, own in enumerate(drawn.in_scope_edit) if own == place):
            query = inside[row]
            if query.label == edit.label:
                inside[row] = replace(query, label=label)
            else:
                inside[row] = replace(query, input=query.input.replace(edit.label, label))
    return replace(drawn, edits=edits, in_scope=inside)


def counterfactual_loss(counterfactual: CounterfactualModel, drawn: DrawnBatch) -> Tensor:
    """Negative log-likelihood of the wanted outputs of the inputs in scope, each after its own edit (scalar)."""
    batch = _gold_batch(counterfactual, drawn)
    return counterfactual.task.edit_loss(counterfactual.task.logits(counterfactual.model, batch), batch)


def _gold_batch(counterfactual: CounterfactualModel, drawn: DrawnBatch) -> dict[str, Tensor]:
    return counterfactual.encode_queries([drawn.edits[edit] for edit in drawn.in_scope_edit], drawn.in_scope)


def _read(batch: DrawnBatch, task: Task | None) -> tuple[list[Edit], list[str], list[str]]:
    """Edits, inputs in scope and inputs out of scope, as the base model's tokenizer keeps them."""
    inside, outside = ([query.input for query in queries] for queries in (batch.in_scope, batch.out_of_scope))
    if task is None:
        return list(batch.edits), inside, outside
    return task.edits_as_read(batch.edits), task.as_read(inside), task.as_read(outside)


def _validation_draws(examples: Sequence[EditExample], settings: TrainSettings) -> list[tuple[random.Random, int]]:
    """A generator and a number of edits for each validation batch, the same at every validation."""
    edits = min(settings.batch_size, len({example.group for example in examples}))
    batches = max(1, settings.validation_examples // max(1, edits))
    return [(random.Random(f"{VALIDATION_SEED}/{number}"), edits) for number in range(batches)]


def _validate_scope(classifier: ScopeClassifier, fixed: Sequence[ScopePairs], stopping: str) -> dict[str, float]:
    log_g = classifier.score_pairs([pair for drawn in fixed for pair in drawn.pairs])
    labels = torch.cat([drawn.labels for drawn in fixed]).to(log_g.device)
    right = (log_g.exp() > 0.5) == (labels == 1)
    loss = balanced_bce(log_g, labels).item()
    recall_in, recall_out = (right[labels == label].float().mean().item() for label in (1, 0))
    accuracy = (recall_in + recall_out) / 2 - TIE_BREAK * loss / (1 + loss)
    return {
        "score": -loss if stopping == "loss" else accuracy,
        "recall_in": recall_in,
        "recall_out": recall_out,
        "validation_loss": loss,
    }


@torch.no_grad()
def _validate_counterfactual(
    counterfactual: CounterfactualModel, fixed: Sequence[DrawnBatch], stopping: str
) -> dict[str, float]:
    task, losses, right = counterfactual.task, [], []
    unwanted = False
    for drawn in fixed:
        batch = _gold_batch(counterfactual, drawn)
        logits = task.logits(counterfactual.model, batch)
        losses.append(task.edit_loss(logits, batch).item())
        right.append(task.correct(logits, batch).float())
        unwanted |= any(not query.wanted for query in drawn.in_scope)
    loss, accuracy = sum(losses) / len(losses), torch.cat(right).mean().item()
    score = -loss if unwanted or stopping == "loss" else accuracy - TIE_BREAK * loss / (1 + loss)
    return {"score": score, "accuracy": accuracy, "validation_loss": loss}


def _required(settings: TrainSettings | None, what: str) -> TrainSettings:
    if settings is None:
        raise ConfigError(f"'train' of the {what} is null: give it training settings")
    return settings

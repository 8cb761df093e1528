"""FT: fine-tune the edited matrices until every edit is predicted correctly (section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from serac.config.editors import FineTuningSettings
from serac.editors.configured_editor import MatrixEditor, require_answers
from serac.editors.weight_edited_model import WeightEditedModel
from serac.errors import DivergenceError
from serac.records import Edit
from serac.tasks.base import Task

Evaluate = Callable[[Mapping[str, Tensor]], tuple[Tensor, float]]


@dataclass
class FineTuned:
    """Weights after fine-tuning, and loss and accuracy at every evaluation (before that step's update)."""

    weights: dict[str, Tensor]
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    updates: int = 0

    @property
    def converged(self) -> bool:
        """Whether every edit was right at the last evaluation."""
        return self.accuracies[-1] == 1


class FineTuning(MatrixEditor[FineTuningSettings]):
    """Fine-tuning with RMSprop, in evaluation mode, without a locality term."""

    name = "ft"
    section = FineTuningSettings

    def __init__(self, base: nn.Module, task: Task, *, matrices: Sequence[str] = (), **hyperparameters: Any) -> None:
        """See :class:`MatrixEditor`; raises ``ConfigError`` for dialogue models."""
        require_answers(self.name, task)
        super().__init__(base, task, matrices=matrices, **hyperparameters)

    def edit(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """Fine-tune on all edits as one batch; raises ``DivergenceError`` if the loss stops being finite."""
        weights = self.fine_tune(edits).weights if edits else {}
        return WeightEditedModel(self.base, weights)

    def fine_tune(self, edits: Sequence[Edit]) -> FineTuned:
        """The fine-tuned matrices and the history of the fine-tuning."""
        batch = self.encode(self.task.encode_edits(edits))

        def evaluate(weights: Mapping[str, Tensor]) -> tuple[Tensor, float]:
            logits = self.task.logits(WeightEditedModel(self.base, weights), batch)
            return self.task.edit_loss(logits, batch), self.task.correct(logits, batch).float().mean().item()

        return fine_tune(self.base_weights(), evaluate, self.settings)


def fine_tune(
    weights: Mapping[str, Tensor],
    evaluate: Evaluate,
    settings: FineTuningSettings,
    left: Mapping[str, Tensor] | None = None,
) -> FineTuned:
    """Move ``weights`` [out, in] until ``evaluate``, which gives loss and accuracy, reports an accuracy of 1.

    With ``settings.rank``, the update of a matrix is a product of factors [out, rank] and [rank, in]; ``left`` gives
    the initial left ones. At the step limit, the last update is kept, unless ``settings.keep_last_update`` is off.
    """
    changes = [_Change(name, weight, settings, left) for name, weight in weights.items()]
    parameters = [factor for change in changes for factor in change.factors]
    optimizer = torch.optim.RMSprop(parameters, lr=settings.learning_rate, alpha=0.99, eps=1e-8)
    result = FineTuned(weights={})
    for _ in range(settings.max_steps):
        with torch.enable_grad():
            result.weights = {change.name: change.applied() for change in changes}
            loss, accuracy = evaluate(result.weights)
        result.losses.append(_finite(loss.item(), settings))
        result.accuracies.append(accuracy)
        if result.converged:
            break
        gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(parameters, settings.clip)
        optimizer.step()
        result.updates += 1
    if settings.keep_last_update:
        result.weights = {change.name: change.applied() for change in changes}
    result.weights = {name: weight.detach() for name, weight in result.weights.items()}
    return result


class _Change:
    """The update of one matrix: full, or a product of two factors."""

    def __init__(
        self, name: str, weight: Tensor, settings: FineTuningSettings, left: Mapping[str, Tensor] | None
    ) -> None:
        self.name, self.weight = name, weight
        if settings.rank is None:
            self.factors = [torch.zeros_like(weight).requires_grad_()]
            return
        start = left[name] if left else _initial_left(name, weight, settings)
        right = weight.new_zeros(settings.rank, weight.shape[1])
        self.factors = [start.clone().requires_grad_(), right.requires_grad_()]

    def applied(self) -> Tensor:
        return self.weight + (self.factors[0] if len(self.factors) == 1 else self.factors[0] @ self.factors[1])


def _initial_left(name: str, weight: Tensor, settings: FineTuningSettings) -> Tensor:
    generator = torch.Generator().manual_seed(settings.seed)
    factor = settings.left_std * torch.randn(weight.shape[0], settings.rank or 0, generator=generator)
    return factor.to(weight)


def _finite(loss: float, settings: FineTuningSettings) -> float:
    if not torch.isfinite(torch.tensor(loss)):
        raise DivergenceError(f"FT: the loss is {loss}. Hint: lower learning_rate (now {settings.learning_rate})")
    return loss

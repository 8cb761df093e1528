"""ENN: editable neural networks, a base model trained so that a gradient step edits it (Sinitsin et al. 2020)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from serac.config.editors import EnnSettings
from serac.editors.learned import LearnedEditor
from serac.editors.weight_edited_model import WeightEditedModel
from serac.errors import DivergenceError
from serac.records import Edit
from serac.tasks.base import Batch, Task


class EditableNetwork(LearnedEditor[EnnSettings]):
    """Holds its own tuned copy of the base model's weights and one learned step size per edited matrix.

    Without edits, this is the unchanged base model; every edit starts from the tuned weights.
    """

    name = "enn"
    section = EnnSettings
    network: TunedWeights

    def __init__(self, base: nn.Module, task: Task, *, matrices: Sequence[str] = (), **hyperparameters: Any) -> None:
        """See :class:`MatrixEditor`; the tuned weights start as the base model's."""
        super().__init__(base, task, matrices=matrices, **hyperparameters)
        everything = self.settings.tuned_weights == "all"
        weights = dict(base.named_parameters()) if everything else self.base_weights()
        self.network = TunedWeights(weights, len(self.matrices), self.settings.edit_rate)

    def edit(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """Take the inner gradient steps on all edits as one batch; raises ``DivergenceError`` if the loss blows up."""
        if not edits:
            return WeightEditedModel(self.base, {})
        start = {name: weight.detach() for name, weight in self.network.by_name().items()}
        edited = self._inner_steps(start | {name: start[name].requires_grad_() for name in self.matrices}, edits, True)
        return WeightEditedModel(self.base, {name: weight.detach() for name, weight in edited.items()})

    def following(self, weights: Mapping[str, Tensor]) -> Self:
        """The editor whose next edits start from these weights instead of the tuned ones."""
        view = copy.copy(self)
        view.network = copy.deepcopy(self.network)
        for name, weight in view.network.by_name().items():
            weight.data.copy_(weights[name])
        return view

    def training_model(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """The edited model with gradients into tuned weights and step sizes, of second order unless set otherwise."""
        first_order = self.settings.first_order
        return WeightEditedModel(self.base, self._inner_steps(self.network.by_name(), edits, first_order))

    @torch.no_grad()
    def locality_target(self, outside: Batch, base: Tensor) -> Tensor:
        """Logits of the tuned model before the edit, or the base model's where the settings say so."""
        if self.settings.locality_target == "base":
            return base
        return self.task.logits(WeightEditedModel(self.base, self.network.by_name()), outside)

    def keep_loss(self, before: Tensor, outside: Batch) -> Tensor:
        """Weighted KL(base || model with the tuned weights and no edit)."""
        unedited = WeightEditedModel(self.base, self.network.by_name())
        loss = self.task.locality_loss(before, self.task.logits(unedited, outside), outside)
        return self.settings.keep_weight * loss

    def _inner_steps(
        self, weights: Mapping[str, Tensor], edits: Sequence[Edit], first_order: bool
    ) -> dict[str, Tensor]:
        batch = self.encode(self.task.encode_edits(edits))
        rates = dict(zip(self.matrices, self.network.edit_lrs * self.settings.rate_scale, strict=True))
        steps = self.settings.inner_steps
        return inner_steps(weights, rates, self.edit_loss(batch), steps=steps, first_order=first_order)

    def edit_loss(self, batch: Batch) -> Callable[[Mapping[str, Tensor]], Tensor]:
        """The edit loss of a batch as a function of the replaced weights."""
        return lambda weights: self.task.edit_loss(
            self.task.logits(WeightEditedModel(self.base, weights), batch), batch
        )


class TunedWeights(nn.Module):
    """Copies of named weights, and step sizes ``edit_lrs`` [number of edited matrices]."""

    def __init__(self, weights: Mapping[str, Tensor], matrices: int, edit_rate: float) -> None:
        super().__init__()
        self.names = list(weights)
        self.weights = nn.ParameterList([nn.Parameter(weight.detach().clone()) for weight in weights.values()])
        self.edit_lrs = nn.Parameter(self.weights[0].new_full((matrices,), edit_rate))

    def by_name(self) -> dict[str, Tensor]:
        """The tuned weights by the base model's parameter names."""
        return dict(zip(self.names, self.weights, strict=True))


def inner_steps(
    weights: Mapping[str, Tensor],
    rates: Mapping[str, Tensor],
    loss: Callable[[Mapping[str, Tensor]], Tensor],
    *,
    steps: int,
    first_order: bool,
) -> dict[str, Tensor]:
    """``steps`` times W - rate * dloss/dW for the matrices in ``rates``; all of ``weights`` are returned.

    In second order, gradients flow through the inner gradients; in first order, these count as constants.
    Raises ``DivergenceError`` if the inner loss stops being finite.
    """
    current = dict(weights)
    with torch.enable_grad(), _attention(first_order):
        for step in range(steps):
            value = loss(current)
            if not torch.isfinite(value):
                raise DivergenceError(
                    f"ENN: the edit loss is {value.item()} at inner step {step}. Hint: lower rate_scale"
                )
            gradients = torch.autograd.grad(value, [current[name] for name in rates], create_graph=not first_order)
            for (name, rate), gradient in zip(rates.items(), gradients, strict=True):
                current[name] = current[name] - rate * gradient
    return current


def _attention(first_order: bool) -> AbstractContextManager[None]:
    """Without fused attention, which has no second derivative."""
    return nullcontext() if first_order else sdpa_kernel(SDPBackend.MATH)

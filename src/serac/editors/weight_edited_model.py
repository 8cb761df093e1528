"""A model with some weights replaced, without a copy of the others and without touching the base model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from torch import Tensor, nn
from torch.func import functional_call

from serac.editors.base import EditedModel


class WeightEditedModel(EditedModel):
    """``base`` with the parameters named in ``weights`` replaced; no replacement gives exactly the base model.

    Gradients flow into the replacing tensors, never into the base model's parameters.
    """

    def __init__(self, base: nn.Module, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.base = base
        self.weights = dict(weights)
        self._generation = [_Generation(base)]  # in a list: not a second path to the base model's parameters

    def forward(self, **batch: Tensor) -> Any:
        """The base model's forward with the replaced weights."""
        return functional_call(self.base, self.weights, (), batch)

    def generate(self, **kwargs: Any) -> Tensor:
        """The base model's ``generate`` with the replaced weights."""
        weights = {f"model.{name}": tensor for name, tensor in self.weights.items()}
        ids: Tensor = functional_call(self._generation[0], weights, (), kwargs)
        return ids

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """What ``to``, ``half`` and the like do to parameters is done to the replacing tensors too."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.weights = {name: fn(tensor) for name, tensor in self.weights.items()}
        return self


class _Generation(nn.Module):
    """Makes ``generate`` the forward pass, the only method that ``functional_call`` can call."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, **kwargs: Any) -> Tensor:
        return self.model.generate(**kwargs)  # type: ignore[operator,no-any-return]

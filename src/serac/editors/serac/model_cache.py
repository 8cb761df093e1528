"""Results that are asked for again: the same texts are scored by several editors and thresholds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from torch import nn

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ModelCache(Generic[Key, Value]):
    """What a model said about texts, the most recently used ``size`` of them; emptied when its weights change."""

    def __init__(self, model: nn.Module, size: int) -> None:
        self.model, self.size = model, size
        self._known: OrderedDict[Key, Value] = OrderedDict()
        self._weights: tuple[object, ...] | None = None

    def get(self, keys: Sequence[Key], compute: Callable[[list[Key]], Sequence[Value]]) -> list[Value]:
        """Values of ``keys`` in order; ``compute`` is called once, with the unknown keys, each once."""
        self._check_weights()
        unknown = [key for key in dict.fromkeys(keys) if key not in self._known]
        fresh = dict(zip(unknown, compute(unknown), strict=True)) if unknown else {}
        values = [fresh[key] if key in fresh else self._use(key) for key in keys]
        for key in unknown[-self.size :]:
            self._known[key] = fresh[key]
        while len(self._known) > self.size:
            self._known.popitem(last=False)
        return values

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()

    def __len__(self) -> int:
        return len(self._known)

    def _use(self, key: Key) -> Value:
        self._known.move_to_end(key)
        return self._known[key]

    def _check_weights(self) -> None:
        """Every in-place change of a tensor (an optimiser's step, a loaded state) raises its version counter."""
        parameters = list(self.model.parameters())
        first = parameters[0]
        weights = (first.device, first.dtype, first.data_ptr(), sum(parameter._version for parameter in parameters))
        if weights != self._weights:
            self._known.clear()
            self._weights = weights

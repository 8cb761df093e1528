"""Recording where a routing editor sent each input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from serac.editors.base import EditedModel
from serac.records import Query
from serac.tasks.base import in_batches


@dataclass(frozen=True, slots=True)
class Route:
    """Where one input went: probability ``beta`` of the best edit, its ``index``, and whether it was ``routed``."""

    beta: float
    index: int
    routed: bool

    def above(self, threshold: float) -> Route:
        """The route at a higher threshold; compared in float32, as editors do."""
        return replace(self, routed=self.routed and bool(np.float32(self.beta) > np.float32(threshold)))


class RouteRecorder:
    """Routes of the inputs that :meth:`Task.outputs` passes through an edited model, forwards or by generation."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    @contextmanager
    def recording(self, edited: EditedModel) -> Iterator[None]:
        """Listen to every forward pass and generation of ``edited`` inside the ``with`` block."""
        handle, generate = edited.register_forward_hook(self._record), edited.generate

        def recorded(**options: Any) -> Tensor:
            said = generate(**options)
            self._record(edited)
            return said

        edited.__dict__["generate"] = recorded
        try:
            yield
        finally:
            handle.remove()
            del edited.__dict__["generate"]

    def routes(self, queries: Sequence[Query], batch_size: int) -> list[Route | None]:
        """Route of each query, which all passed in the batches of :func:`in_batches`; None without a router."""
        if not self._routes:
            return [None] * len(queries)
        order = [position for positions in in_batches(queries, batch_size) for position in positions]
        found = dict(zip(order, self._routes, strict=True))
        return [found[position] for position in range(len(queries))]

    def _record(self, edited: nn.Module, *_: object) -> None:
        assert isinstance(edited, EditedModel)
        routing = edited.routing()
        if routing is not None:
            self._routes += as_routes(routing)


def as_routes(routing: Mapping[str, Tensor]) -> list[Route]:
    """The rows of :meth:`EditedModel.routing`."""
    columns = (routing[name].tolist() for name in ("beta", "index", "routed"))
    return [Route(*row) for row in zip(*columns, strict=True)]

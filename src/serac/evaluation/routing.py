"""Recording where a routing editor sent each input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from serac.editors.base import EditedModel
from serac.records import Query
from serac.tasks.base import Task


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
    """Routes of the inputs that pass through an edited model, whatever their order and batches.

    Routes are found again by the text that the router read, so that they do not depend on how
    :meth:`Task.outputs` sorts its inputs.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self._routes: dict[str, Route] = {}

    @contextmanager
    def recording(self, edited: EditedModel) -> Iterator[None]:
        """Listen to every forward pass of ``edited`` inside the ``with`` block."""
        handle = edited.register_forward_hook(self._record, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    def routes(self, queries: Sequence[Query]) -> list[Route | None]:
        """Route of each query; None for editors without a router."""
        if not self._routes:
            return [None] * len(queries)
        read = self.task.texts(self.task.encode_queries(queries)["input_ids"])
        return [self._routes[text] for text in read]

    def _record(self, edited: nn.Module, _: tuple[Any, ...], batch: dict[str, Any], __: object) -> None:
        assert isinstance(edited, EditedModel)
        routing = edited.routing()
        if routing is None:
            return
        columns = (routing["beta"].tolist(), routing["index"].tolist(), routing["routed"].tolist())
        for text, beta, index, routed in zip(self.task.texts(batch["input_ids"]), *columns, strict=True):
            self._routes[text] = Route(beta, index, routed)

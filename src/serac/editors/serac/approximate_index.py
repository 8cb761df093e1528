"""Approximate search of large memories with faiss (the optional extra ``faiss``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from serac.errors import SeracError

_TRAINING_ROWS_A_CELL = 39  # what faiss asks for to place a cell's centre


class ApproximateIndex:
    """Inverted lists with float16 vectors, one index a head; built once, then updated row by row.

    With c = sqrt(n) cells a query reads ``probes`` of them, about n * probes / c rows.
    """

    def __init__(self, rows: Tensor, probes: int) -> None:
        """Index ``rows`` float32 [n, heads, width]; raises ``SeracError`` where faiss is not installed."""
        self.built_for = len(rows)
        self.heads = [_index(_array(rows[:, head]), probes) for head in range(rows.shape[1])]
        self.count = 0
        self.append(rows)

    def outgrown(self, count: int) -> bool:
        """The memory has doubled since the cells were placed: build a new index."""
        return count > 2 * self.built_for

    def append(self, rows: Tensor) -> None:
        """Add rows [m, heads, width] at the end."""
        ids = np.arange(self.count, self.count + len(rows), dtype=np.int64)
        for head, index in enumerate(self.heads):
            index.add_with_ids(_array(rows[:, head]), ids)
        self.count += len(rows)

    def set(self, position: int, row: Tensor) -> None:
        """Replace the row at ``position`` by ``row`` [1, heads, width]."""
        ids = np.array([position], dtype=np.int64)
        for head, index in enumerate(self.heads):
            index.remove_ids(ids)
            index.add_with_ids(_array(row[:, head]), ids)

    def swap_remove(self, position: int, last: int, row: Tensor) -> None:
        """Drop ``position``; ``row`` [1, heads, width], which was the last one, takes its place."""
        for index in self.heads:
            index.remove_ids(np.array([position, last], dtype=np.int64))
        if position != last:
            for head, index in enumerate(self.heads):
                index.add_with_ids(_array(row[:, head]), np.array([position], dtype=np.int64))
        self.count -= 1

    def nearest(self, queries: Tensor, count: int) -> Tensor:
        """Positions int64 [T, count] of near rows to ``queries`` [T, heads, width]; a row may occur twice."""
        found = [index.search(_array(queries[:, head]), count) for head, index in enumerate(self.heads)]
        distances = np.concatenate([pair[0] for pair in found], axis=1)
        positions = np.concatenate([pair[1] for pair in found], axis=1)
        best = np.take_along_axis(positions, np.argsort(distances, axis=1, kind="stable")[:, :count], axis=1)
        best = np.where(best < 0, best[:, :1], best)  # faiss pads with -1 where the probed cells hold too few rows
        return torch.from_numpy(best.clip(min=0)).to(queries.device)


def _index(rows: np.ndarray, probes: int) -> Any:
    try:
        import faiss
    except ImportError as error:
        raise SeracError(
            "'approximate_above' needs faiss. Hint: pip install 'serac-reproduction[faiss]', or set it to null"
        ) from error
    cells = max(1, int(len(rows) ** 0.5))
    index: Any = faiss.index_factory(rows.shape[1], f"IVF{cells},SQfp16")
    index.train(rows[:: max(1, len(rows) // (_TRAINING_ROWS_A_CELL * cells))])
    index.nprobe = min(probes, cells)
    return index


def _array(rows: Tensor) -> np.ndarray:
    return np.ascontiguousarray(rows.detach().cpu().numpy())

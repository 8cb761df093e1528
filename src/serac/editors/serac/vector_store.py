"""Vectors of the edit memory: grown by doubling, searched by matrix products in blocks of bounded memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import Tensor

from serac.config.serac import MemorySettings
from serac.editors.serac.approximate_index import ApproximateIndex


class VectorStore:
    """Rows float32 [n, heads * width]; the distance of two rows is that of their nearest heads.

    Positions move: removing a row puts the last one in its place. The store is where its last rows or queries were:
    it follows a classifier to another device.
    """

    def __init__(self, settings: MemorySettings, heads: int, width: int, device: torch.device | str = "cpu") -> None:
        self.settings, self.heads, self.width = settings, heads, width
        self._rows = torch.empty(0, heads, width, device=device)
        self._norms = torch.empty(heads, 0, device=device)
        self._count = 0
        self._index: ApproximateIndex | None = None

    @classmethod
    def of(cls, settings: MemorySettings, rows: Tensor, norms: Tensor) -> VectorStore:
        """A store over ``rows`` [n, heads, width] and their squared ``norms`` [heads, n], which are not copied."""
        store = cls(settings, rows.shape[1], rows.shape[2])
        store._rows, store._norms, store._count = rows, norms, len(rows)
        return store

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> Tensor:
        """float32 [n, heads, width]."""
        return self._rows[: self._count]

    @property
    def norms(self) -> Tensor:
        """Squared norms, float32 [heads, n]."""
        return self._norms[:, : self._count]

    # --- changes -------------------------------------------------------------------------------
    def append(self, rows: Tensor) -> None:
        """Add rows [m, heads * width] at the end."""
        self._follow(rows.device)
        start, self._count = self._count, self._count + len(rows)
        self._reserve(self._count)
        self._write(slice(start, self._count), rows.view(-1, self.heads, self.width))
        if self._index is not None:
            self._index.append(self._rows[start : self._count])

    def set(self, position: int, row: Tensor) -> None:
        """Replace one row by ``row`` [heads * width]."""
        self._follow(row.device)
        self._write(slice(position, position + 1), row.view(1, self.heads, self.width))
        if self._index is not None:
            self._index.set(position, self._rows[position : position + 1])

    def swap_remove(self, position: int) -> None:
        """Drop a row; the last row takes its position."""
        last = self._count - 1
        self._write(slice(position, position + 1), self._rows[last : last + 1].clone())
        self._count = last
        if self._index is not None:
            self._index.swap_remove(position, last, self._rows[position : position + 1])

    def drop_index(self) -> None:
        """Forget the approximate index: the next search builds it anew, which is quicker than many removals."""
        self._index = None

    @torch.inference_mode()
    def _write(self, where: slice, rows: Tensor) -> None:
        """In inference mode, where all tensors can be written: those made in it cannot be outside."""
        rows = rows.float()
        self._rows[where] = rows
        self._norms[:, where] = rows.square().sum(-1).T

    def _reserve(self, needed: int) -> None:
        capacity = len(self._rows)
        if needed <= capacity:
            return
        capacity = max(needed, 2 * capacity)
        rows, norms = (
            self._rows.new_empty(capacity, self.heads, self.width),
            self._norms.new_empty(self.heads, capacity),
        )
        rows[: len(self._rows)] = self._rows
        norms[:, : self._norms.shape[1]] = self._norms
        self._rows, self._norms = rows, norms

    def _follow(self, device: torch.device) -> None:
        if self._rows.device != device:
            self._rows, self._norms = self._rows.to(device), self._norms.to(device)

    # --- search --------------------------------------------------------------------------------
    def nearest(self, queries: Tensor, count: int) -> Tensor:
        """Positions int64 [T, min(count, n)] of the nearest rows to ``queries`` [T, heads * width].

        Exact up to rounding of the expanded square, so callers score a few candidates with
        :meth:`squared_distances`; approximate above ``approximate_above`` rows. In float32 whatever the autocast.
        """
        self._follow(queries.device)
        queries = queries.float().view(-1, self.heads, self.width)
        count = min(count, self._count)
        limit = self.settings.approximate_above
        if limit is not None and self._count > limit:
            return self._approximate().nearest(queries, count)
        with _without_autocast(queries.device):
            return self._exact(queries, count)

    def squared_distances(self, queries: Tensor, positions: Tensor) -> Tensor:
        """Squared distances float32 [T, m] of ``queries`` [T, heads * width] to the rows at ``positions`` [T, m]."""
        self._follow(queries.device)
        difference = self._rows[positions] - queries.view(-1, 1, self.heads, self.width)
        return difference.square().sum(-1).amin(-1)

    def _exact(self, queries: Tensor, count: int) -> Tensor:
        block = max(count, int(self.settings.chunk_megabytes * 2**20) // (4 * max(1, len(queries))))
        best: list[tuple[Tensor, Tensor]] = []
        for start in range(0, self._count, block):
            stop = min(start + block, self._count)
            distances, positions = self._block(queries, start, stop).topk(min(count, stop - start), largest=False)
            best.append((distances, positions + start))
        if len(best) == 1:
            return best[0][1]
        distances, positions = (torch.cat(parts, dim=1) for parts in zip(*best, strict=True))
        return positions.gather(1, distances.topk(count, largest=False).indices)

    def _block(self, queries: Tensor, start: int, stop: int) -> Tensor:
        nearest: Tensor | None = None
        for head in range(self.heads):
            query, rows = queries[:, head], self._rows[start:stop, head]
            distances = torch.addmm(self._norms[head, start:stop], query, rows.T, alpha=-2)
            if self.heads > 1:
                distances += query.square().sum(-1, keepdim=True)
            nearest = distances if nearest is None else torch.minimum(nearest, distances)
        assert nearest is not None
        return nearest

    def _approximate(self) -> ApproximateIndex:
        if self._index is None or self._index.outgrown(self._count):
            self._index = ApproximateIndex(self.rows, self.settings.probes)
        return self._index


def _without_autocast(device: torch.device) -> AbstractContextManager[None]:
    available = torch.amp.is_autocast_available(device.type)
    if not available:
        return nullcontext()
    return cast(AbstractContextManager[None], torch.autocast(device.type, enabled=False))

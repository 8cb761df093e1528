"""Vectors of the edit memory by slot: appended in blocks, searched by matrix products of bounded memory."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import Tensor

from serac.config.serac import MemorySettings

BLOCK = 2**14
"""Rows of a block that grows; blocks that were read from a file are as large as there."""
PRECISIONS = {"float32": torch.float32, "float16": torch.float16}


class VectorStore:
    """Rows [n, heads, width] by slot, 0 to n - 1; the distance of two rows is that of their nearest heads.

    A row never changes, so that mapped files serve as blocks. The store is where its last rows or queries were: it
    follows a classifier to another device.
    """

    def __init__(self, settings: MemorySettings, heads: int, width: int, device: torch.device | str = "cpu") -> None:
        self.settings, self.heads, self.width = settings, heads, width
        self._rows = [torch.empty(0, heads, width, device=device, dtype=PRECISIONS[settings.precision])]
        self._norms = [torch.empty(heads, 0, device=device)]
        self._ends = [0]
        self._grows = True

    def __len__(self) -> int:
        return self._ends[-1]

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self._rows[-1].device

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        """Rows [m, heads, width] of a range of slots, as they are kept."""
        parts = [rows for rows, _, _ in self._parts(start, len(self) if stop is None else stop)]
        return parts[0] if len(parts) == 1 else torch.cat([self._rows[-1][:0], *parts])

    def norms(self, start: int = 0) -> Tensor:
        """Squared norms float32 [heads, m] of the slots from ``start`` on."""
        return torch.cat([self._norms[-1][:, :0], *(norms for _, norms, _ in self._parts(start, len(self)))], dim=1)

    # --- changes -------------------------------------------------------------------------------
    @torch.inference_mode()
    def append(self, rows: Tensor) -> None:
        """Add rows [m, heads * width] at the end.

        In inference mode, where all tensors can be written: those made in it cannot be outside.
        """
        self._follow(rows.device)
        for part in rows.view(-1, self.heads, self.width).split(BLOCK):
            new = part.to(self._rows[-1].dtype)
            filled = self._reserve(len(new))
            self._rows[-1][filled : filled + len(new)] = new
            self._norms[-1][:, filled : filled + len(new)] = new.float().square().sum(-1).T
            self._ends[-1] += len(new)

    def _reserve(self, count: int) -> int:
        """Make room for ``count`` rows in the last block; returns how many it holds."""
        before = self._ends[-2] if len(self._ends) > 1 else 0
        filled, rows, norms = self._ends[-1] - before, self._rows[-1], self._norms[-1]
        if self._grows and filled + count <= len(rows):
            return filled
        if self._grows and filled + count <= BLOCK:
            capacity = min(BLOCK, max(filled + count, 2 * len(rows)))
            self._rows[-1] = rows.new_empty(capacity, self.heads, self.width)
            self._norms[-1] = norms.new_empty(self.heads, capacity)
            self._rows[-1][:filled], self._norms[-1][:, :filled] = rows[:filled], norms[:, :filled]
            return filled
        self._rows[-1], self._norms[-1] = rows[:filled], norms[:, :filled]
        self._rows.append(rows.new_empty(count, self.heads, self.width))
        self._norms.append(norms.new_empty(self.heads, count))
        self._ends.append(self._ends[-1])
        self._grows = True
        return 0

    def put(self, start: int, rows: Tensor, norms: Tensor) -> None:
        """Take ``rows`` and their ``norms``, which are not copied, for all slots from ``start`` on."""
        parts = [*self._parts(0, start), (rows, norms, start + len(rows))]
        self._rows, self._norms, self._ends = (list(column) for column in zip(*parts, strict=True))
        self._grows = False

    def _follow(self, device: torch.device) -> None:
        if self.device != device:
            self._rows = [rows.to(device) for rows in self._rows]
            self._norms = [norms.to(device) for norms in self._norms]

    def _parts(self, start: int, stop: int) -> list[tuple[Tensor, Tensor, int]]:
        """Rows and norms of the range, block by block, each with the slot where it ends."""
        parts, before = [], 0
        for rows, norms, end in zip(self._rows, self._norms, self._ends, strict=True):
            low, high = max(start, before) - before, min(stop, end) - before
            if low < high:
                parts.append((rows[low:high], norms[:, low:high], before + high))
            before = end
        return parts

    # --- search --------------------------------------------------------------------------------
    def squared_distances(self, queries: Tensor, slots: Tensor) -> Tensor:
        """Squared distances float32 [T, m] of ``queries`` [T, heads * width] to the rows in ``slots`` [T, m]."""
        self._follow(queries.device)
        difference = self.at(slots).float() - queries.view(-1, 1, self.heads, self.width)
        return difference.square().sum(-1).amin(-1)

    def at(self, slots: Tensor) -> Tensor:
        """Rows [..., heads, width] in ``slots`` int64 of any shape, as they are kept."""
        if len(self._rows) == 1:
            return self._rows[0][slots]
        found = self._rows[-1].new_empty(*slots.shape, self.heads, self.width)
        blocks = torch.bucketize(slots, torch.tensor(self._ends, device=slots.device), right=True)
        for block in blocks.unique().tolist():
            inside = blocks == block
            found[inside] = self._rows[block][slots[inside] - (self._ends[block - 1] if block else 0)]
        return found

    def nearest(self, queries: Tensor, count: int, dead: Tensor | None = None) -> Tensor:
        """Slots int64 [T, min(count, n)] of the nearest rows to ``queries`` [T, heads * width].

        Exact up to rounding of the expanded square, so callers score a few candidates with
        :meth:`squared_distances`. In float32 whatever the autocast. ``dead`` bool [n] tells slots to leave out; there
        must be ``count`` others.
        """
        self._follow(queries.device)
        queries = queries.float().view(-1, self.heads, self.width)
        with _without_autocast(queries.device):
            return self._exact(queries, min(count, len(self)), dead)

    def _exact(self, queries: Tensor, count: int, dead: Tensor | None) -> Tensor:
        size = max(count, int(self.settings.chunk_megabytes * 2**20) // (4 * max(1, len(queries))))
        best: list[tuple[Tensor, Tensor]] = []
        start = 0
        while start < len(self):
            stop = min(start + size, self._ends[bisect_right(self._ends, start)])
            ((rows, norms, _),) = self._parts(start, stop)
            distances = self._distances(queries, rows.float(), norms)
            if dead is not None:
                distances.masked_fill_(dead[start:stop], torch.inf)
            found, slots = distances.topk(min(count, stop - start), largest=False)
            best.append((found, slots + start))
            start = stop
        if len(best) == 1:
            return best[0][1]
        distances, slots = (torch.cat(parts, dim=1) for parts in zip(*best, strict=True))
        return slots.gather(1, distances.topk(count, largest=False).indices)

    def _distances(self, queries: Tensor, rows: Tensor, norms: Tensor) -> Tensor:
        nearest: Tensor | None = None
        for head in range(self.heads):
            query = queries[:, head]
            distances = torch.addmm(norms[head], query, rows[:, head].T, alpha=-2)
            if self.heads > 1:
                distances += query.square().sum(-1, keepdim=True)
            nearest = distances if nearest is None else torch.minimum(nearest, distances)
        assert nearest is not None
        return nearest


def _without_autocast(device: torch.device) -> AbstractContextManager[None]:
    available = torch.amp.is_autocast_available(device.type)
    if not available:
        return nullcontext()
    return cast(AbstractContextManager[None], torch.autocast(device.type, enabled=False))

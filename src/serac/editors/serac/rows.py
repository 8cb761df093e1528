"""The rows of one batch: what was retrieved for each, and which of the two models answers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from serac.editors.serac.memory import EditMemory, Retrieval
from serac.records import Edit


@dataclass
class Rows:
    """The rows of one call: their texts, what was retrieved for them, which are in scope (``routed`` bool [B])."""

    texts: list[str]
    found: Retrieval
    routed: Tensor
    memory: EditMemory

    def within(self) -> tuple[list[Edit], list[str]]:
        """Retrieved edits and texts of the rows in scope."""
        return self._of(self.routed.nonzero().flatten().tolist())

    def all(self) -> tuple[list[Edit], list[str]]:
        """Retrieved edits and texts of all rows."""
        return self._of(range(len(self.texts)))

    def _of(self, rows: Iterable[int]) -> tuple[list[Edit], list[str]]:
        ids = self.found.index.tolist()
        chosen = list(rows)
        return [self.memory.edit(ids[row]) for row in chosen], [self.texts[row] for row in chosen]


def chosen_rows(batch: dict[str, Any], chosen: Tensor) -> dict[str, Any]:
    """The rows ``chosen`` bool [B] of every tensor of the batch; everything else as it is."""
    size = len(chosen)
    return {
        name: value[chosen] if isinstance(value, Tensor) and value.dim() > 0 and len(value) == size else value
        for name, value in batch.items()
    }

"""The rows of one batch: what was retrieved for each, and which of the two models answers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from serac.editors.serac.memory import Retrieval
from serac.records import Edit


@dataclass(frozen=True)
class Rows:
    """The rows of one call: their texts, what was retrieved for them, which are in scope (``routed`` bool [B]).

    ``edits`` are the retrieved ones as they were when the rows were routed; None in an empty memory.
    """

    texts: list[str]
    found: Retrieval
    routed: Tensor
    edits: list[Edit | None]

    @property
    def edited(self) -> bool:
        """Whether there was any edit to find."""
        return any(edit is not None for edit in self.edits)

    def within(self) -> tuple[list[Edit], list[str]]:
        """Retrieved edits and texts of the rows in scope."""
        return self._of(self.routed.nonzero().flatten().tolist())

    def all(self) -> tuple[list[Edit], list[str]]:
        """Retrieved edits and texts of all rows."""
        return self._of(range(len(self.texts)))

    def _of(self, rows: Iterable[int]) -> tuple[list[Edit], list[str]]:
        pairs = [(edit, self.texts[row]) for row in rows if (edit := self.edits[row]) is not None]
        return [edit for edit, _ in pairs], [text for _, text in pairs]


def chosen_rows(batch: dict[str, Any], chosen: Tensor) -> dict[str, Any]:
    """The rows ``chosen`` bool [B] of every tensor of the batch; everything else as it is."""
    size = len(chosen)
    return {
        name: value[chosen] if isinstance(value, Tensor) and value.dim() > 0 and len(value) == size else value
        for name, value in batch.items()
    }

"""Where an edit memory keeps edits and their vectors, and searches them: in this process by default."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from serac.editors.serac.memory_file import MemoryContent
from serac.records import Edit


class EditStore(ABC):
    """Edits by id: 0, 1, 2, ... in the order in which they were added; ids are never used again.

    Every change raises ``SeracError``, and changes nothing, where an id is unknown. ``vectors`` are float32
    [m, heads * width], or None in a memory that no classifier searches by vectors.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def ids(self) -> list[int]:
        """Ids of all edits, ascending."""

    @property
    @abstractmethod
    def next_id(self) -> int:
        """The id of the next edit."""

    @abstractmethod
    def edits(self, ids: Sequence[int]) -> list[Edit]:
        """The edits called ``ids``."""

    @abstractmethod
    def add(self, edits: Sequence[Edit], vectors: Tensor | None) -> list[int]:
        """Append edits; returns their ids."""

    @abstractmethod
    def replace(self, id: int, edit: Edit, vector: Tensor | None) -> None:
        """Put ``edit`` with its ``vector`` [1, heads * width] in the place of another, which keeps its id."""

    @abstractmethod
    def remove(self, ids: Sequence[int]) -> None:
        """Drop edits."""

    @abstractmethod
    def nearest(self, queries: Tensor, count: int, *, exact: bool = False) -> tuple[Tensor, Tensor]:
        """Squared distances float32 [T, m] to the nearest edits and their ids int64 [T, m], m = min(count, edits).

        ``queries`` are float32 [T, heads * width]; ``exact`` overrules settings that approximate. The store must hold
        edits with vectors.
        """

    @abstractmethod
    def save(self, folder: Path, content: MemoryContent) -> None:
        """Write ``content`` into ``folder``, and what the store keeps nowhere else."""

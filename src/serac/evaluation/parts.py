"""What evaluation requires of the parts of an editor with a memory; :mod:`serac.editors.serac` has such parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from serac.records import Edit, Query


class Router(Protocol):
    """A scope classifier: is this input in the scope of that edit?"""

    def score_pairs(self, pairs: Sequence[tuple[Edit, str]]) -> Tensor:
        """log g float32 [N] of edit and input, pair by pair."""


class VectorRouter(Router, Protocol):
    """A scope classifier that looks edits up by their vectors."""

    @property
    def vector_shape(self) -> tuple[int, int]:
        """Heads and width of the vectors."""

    def entry(self, edit: Edit) -> str:
        """The text that stands for an edit."""

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """Vectors float32 [N, heads * width] of texts."""


class Answerer(Protocol):
    """A counterfactual model: what is the answer given the edit?"""

    def correct(self, edits: Sequence[Edit], queries: Sequence[Query], batch_size: int) -> Tensor:
        """bool [N]: the model says the wanted output of each query, given the edit at its place."""

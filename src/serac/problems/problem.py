"""What a problem is: edits, the inputs that evaluate them, and what the base model learns before it is edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from serac.problems.base_pairs import BaseData
from serac.problems.splits import Embed, Splits, SplitSettings

S = TypeVar("S", bound=SplitSettings)


@dataclass(frozen=True)
class Problem(Generic[S]):
    """Everything that the workflow needs to know of a problem; ``S`` is the section of its data rules.

    All functions are deterministic; the two that read files raise ``MissingSourceError`` and ``RecordError``.
    """

    title: str
    """Its name in print."""
    tasks: tuple[str, ...]
    """How its models may read and be scored, names of :data:`serac.tasks.registry.TASKS`."""
    settings: type[S]
    """Section ``problems.<name>.data`` of the configuration."""
    raw_files: Callable[[S], list[str]]
    """``raw_files(settings)``: files that the next two functions read, relative to the folder of raw sources."""
    prepare: Callable[[Path, S, Embed | None, int], Splits]
    """``prepare(raw, settings, embed, seed)``: the edits; ``embed`` is None without an encoder."""
    base_pairs: Callable[[Path, S, int], BaseData]
    """``base_pairs(raw, settings, seed)``: what the base model learns."""
    queries_per_edit: Callable[[S, bool], int]
    """``queries_per_edit(settings, with an encoder)``: approximate inputs that evaluate one edit (for estimates)."""
    kinds: Mapping[str, str]
    """Kinds of its inputs, in the order of tables, with their names in print."""
    fault: Callable[[S, bool], str | None] = lambda settings, encoder: None
    """``fault(settings, with an encoder)``: why its preparation would fail, with a hint; None if it would not."""

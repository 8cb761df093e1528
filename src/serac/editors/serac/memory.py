"""The edit memory: edits are encoded once, when they are added, and searched for every input (section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from serac.config.serac import MemorySettings
from serac.editors.serac.edit_store import EditStore
from serac.editors.serac.embedded_store import EmbeddedStore
from serac.editors.serac.memory_file import FILE, MemoryContent, read_segments
from serac.editors.serac.scope import ScopeClassifier
from serac.errors import ConfigError, SeracError
from serac.records import Edit

NOWHERE = -1
TEXTS_AT_ONCE = 1024
"""Inputs searched for together; more of them would need more memory at once."""


@dataclass(frozen=True)
class Retrieval:
    """The best entry of each input: ``beta`` float32 [T] (0 without entries), ``index`` int64 [T] its id (or -1)."""

    beta: Tensor
    index: Tensor


class EditMemory:
    """Edits with ids 0, 1, 2, ... in the order in which they were added; ids survive removal of other edits.

    Settings decide whether the search is exact (the default) or approximate; ``store`` says where the edits are kept
    if not in this process.
    """

    def __init__(
        self, classifier: ScopeClassifier, settings: MemorySettings | None = None, store: EditStore | None = None
    ) -> None:
        self.classifier = classifier
        self.settings = settings or MemorySettings()
        self.store = store or EmbeddedStore(self.settings, *classifier.vector_shape, device=classifier.encoder.device)
        self.extra: dict[str, Any] = {}
        """JSON values of whoever keeps this memory, saved with it."""

    def __len__(self) -> int:
        return len(self.store)

    @property
    def ids(self) -> list[int]:
        """Ids of all edits, ascending."""
        return self.store.ids

    def edit(self, id: int) -> Edit:
        """The edit called ``id``; raises ``SeracError`` if there is none."""
        return self.store.edits([id])[0]

    # --- changes -------------------------------------------------------------------------------
    def add(self, edits: Sequence[Edit], vectors: Tensor | None = None) -> list[int]:
        """Append edits, encoding only these; returns their ids.

        ``vectors`` float32 [m, heads * width], where the classifier encoded the edits before (on another machine).
        Raises ``SeracError`` if they have another shape.
        """
        heads, width = self.classifier.vector_shape
        if vectors is not None and vectors.shape != (len(edits), heads * width):
            needed = [len(edits), heads * width]
            raise SeracError(f"'vectors' has the shape {list(vectors.shape)}, but {len(edits)} edits need {needed}")
        return self.store.add(edits, self._encoded(edits) if vectors is None else self._kept(vectors))

    def remove(self, ids: Iterable[int]) -> None:
        """Drop edits; raises ``SeracError`` (and drops none) if one of the ids is unknown."""
        self.store.remove(list(ids))

    def replace(self, id: int, edit: Edit) -> None:
        """Put ``edit`` in the place of another, which keeps its id."""
        self.store.replace(id, edit, self._encoded([edit]))

    def _encoded(self, edits: Sequence[Edit]) -> Tensor | None:
        if not self._keeps_vectors:
            return None
        return self.classifier.vectors([self.classifier.entry(edit) for edit in edits])

    def _kept(self, vectors: Tensor) -> Tensor | None:
        return vectors.to(self.classifier.encoder.device) if self._keeps_vectors else None

    @property
    def _keeps_vectors(self) -> bool:
        return self.classifier.needs_vectors(self.settings.candidates)

    # --- search --------------------------------------------------------------------------------
    def retrieve(self, texts: Sequence[str]) -> Retrieval:
        """The edit whose scope most probably holds each text.

        Of equally probable ones the first added among those that the classifier's ``search`` returns.
        """
        device = self.classifier.encoder.device
        if not len(self) or not texts:
            return Retrieval(torch.zeros(len(texts), device=device), torch.full((len(texts),), NOWHERE, device=device))
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(rows)
        parts = [self._best(distinct[start : start + TEXTS_AT_ONCE]) for start in range(0, len(rows), TEXTS_AT_ONCE)]
        log_g, ids = (torch.cat(columns) for columns in zip(*parts, strict=True))
        asked = torch.tensor([rows[text] for text in texts], device=device)
        return Retrieval(log_g[asked].exp(), ids[asked])

    def search(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See :meth:`ScopeClassifier.search`, among the edits of this memory."""
        return self.classifier.search(texts, self.store, self.settings.candidates)

    def _best(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Log g float32 [T] of the best entry of each text and its id int64 [T]."""
        log_g, ids = self.search(texts)
        best = log_g.amax(1)
        return best, ids.masked_fill(log_g != best.unsqueeze(1), self.store.next_id).amin(1)

    # --- disk ----------------------------------------------------------------------------------
    def save_pretrained(self, folder: Path | str) -> None:
        """Write settings, edits and vectors into ``folder``: of a large memory only what its files there lack.

        Killed at any moment, the older state or the new one is there whole. What was written stays mapped. The
        classifier is not among it.
        """
        content = MemoryContent(
            classifier=self.classifier.kind, settings=self.settings, next_id=self.store.next_id, extra=self.extra
        )
        self.store.save(Path(folder), content)

    @classmethod
    def from_pretrained(cls, folder: Path | str, classifier: ScopeClassifier) -> EditMemory:
        """Inverse of :meth:`save_pretrained`; on the CPU vectors stay on disk until they are read (memory-mapped).

        ``classifier`` must be the one that encoded the edits. Raises ``ConfigError`` if it is of another kind or its
        vectors have another shape, if the folder holds no memory or a damaged one.
        """
        folder = Path(folder)
        segments = read_segments(folder, classifier.encoder.device)
        content, shape = segments[-1].content, segments[-1].rows.shape[1:]
        if content.classifier != classifier.kind or shape != classifier.vector_shape:
            raise ConfigError(
                f"{folder / FILE} was written by another scope classifier ({content.classifier}, vectors "
                f"{tuple(shape)}) than this ({classifier.kind}, {classifier.vector_shape}). Hint: load it "
                "with that one, or add the edits anew"
            )
        try:
            store = EmbeddedStore.of(content.settings, folder, segments)
            memory = cls(classifier, content.settings, store)
            if memory._keeps_vectors and len(store.vectors) != store.columns.slots:
                raise ValueError(f"{store.columns.slots} edits, but {len(store.vectors)} vectors")
        except ValueError as error:
            raise ConfigError(
                f"{folder / FILE} is damaged ({error}). Hint: restore it from a copy, or add the edits anew"
            ) from error
        memory.extra = content.extra
        return memory

"""The edit memory: edits are encoded once, when they are added, and searched for every input (section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from serac.config.serac import MemorySettings
from serac.editors.serac.edit_columns import EditColumns
from serac.editors.serac.memory_file import MemoryContent, read_memory, write_memory
from serac.editors.serac.scope import ScopeClassifier
from serac.editors.serac.vector_store import VectorStore
from serac.errors import ConfigError, SeracError
from serac.records import Edit

NOWHERE = -1
FILE = "memory.safetensors"
TEXTS_AT_ONCE = 1024
"""Inputs searched for together; more of them would need more memory at once."""
REBUILD_ABOVE = 100
"""Edits removed together above which an approximate index is built anew: each removal reads all of it."""


@dataclass(frozen=True)
class Retrieval:
    """The best entry of each input: ``beta`` float32 [T] (0 without entries), ``index`` int64 [T] its id (or -1)."""

    beta: Tensor
    index: Tensor


class EditMemory:
    """Edits with ids 0, 1, 2, ... in the order in which they were added; ids survive removal of other edits.

    Settings decide whether the search is exact (the default) or approximate.
    """

    def __init__(self, classifier: ScopeClassifier, settings: MemorySettings | None = None) -> None:
        self.classifier = classifier
        self.settings = settings or MemorySettings()
        self.vectors = VectorStore(self.settings, *classifier.vector_shape, device=classifier.encoder.device)
        self.edits = EditColumns()
        self.extra: dict[str, Any] = {}
        """JSON values of whoever keeps this memory, saved with it."""

    def __len__(self) -> int:
        return len(self.edits)

    @property
    def ids(self) -> list[int]:
        """Ids of all edits, ascending."""
        return sorted(self.edits.ids)

    def edit(self, id: int) -> Edit:
        """The edit called ``id``; raises ``SeracError`` if there is none."""
        return self.edits[self.edits.position(id)]

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
        if self._keeps_vectors:
            new = self._encode(edits) if vectors is None else vectors.to(self.classifier.encoder.device)
            self.vectors.append(new)
        return self.edits.append(edits)

    def remove(self, ids: Iterable[int]) -> None:
        """Drop edits; raises ``SeracError`` (and drops none) if one of the ids is unknown."""
        ids = list(dict.fromkeys(ids))
        for id in ids:
            self.edits.position(id)
        if len(ids) > REBUILD_ABOVE:
            self.vectors.drop_index()
        for id in ids:
            self._swap_remove(self.edits.position(id))

    def replace(self, id: int, edit: Edit) -> None:
        """Put ``edit`` in the place of another, which keeps its id."""
        position = self.edits.position(id)
        if self._keeps_vectors:
            self.vectors.set(position, self._encode([edit])[0])
        self.edits.set(position, edit)

    def _swap_remove(self, position: int) -> None:
        self.edits.swap_remove(position)
        if self._keeps_vectors:
            self.vectors.swap_remove(position)

    def _encode(self, edits: Sequence[Edit]) -> Tensor:
        return self.classifier.vectors([self.classifier.entry(edit) for edit in edits])

    @property
    def _keeps_vectors(self) -> bool:
        return self.classifier.needs_vectors(self.settings.candidates)

    # --- search --------------------------------------------------------------------------------
    def retrieve(self, texts: Sequence[str]) -> Retrieval:
        """The edit whose scope most probably holds each text.

        Of equally probable ones the first added among those that the classifier's ``search`` returns.
        """
        device = self.classifier.encoder.device
        if not self.edits or not texts:
            return Retrieval(torch.zeros(len(texts), device=device), torch.full((len(texts),), NOWHERE, device=device))
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(rows)
        parts = [self._best(distinct[start : start + TEXTS_AT_ONCE]) for start in range(0, len(rows), TEXTS_AT_ONCE)]
        log_g, ids = (torch.cat(columns) for columns in zip(*parts, strict=True))
        asked = torch.tensor([rows[text] for text in texts], device=device)
        return Retrieval(log_g[asked].exp(), ids[asked])

    def search(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See :meth:`ScopeClassifier.search`, among the edits of this memory."""
        return self.classifier.search(texts, self.edits, self.vectors, self.settings.candidates)

    def _best(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Log g float32 [T] of the best entry of each text and its id int64 [T]."""
        log_g, positions = self.search(texts)
        best = log_g.amax(1)
        equal = log_g == best.unsqueeze(1)
        ids = torch.full(positions.shape, self.edits.next_id, device=positions.device)
        ids[equal] = ids.new_tensor([self.edits.ids[place] for place in positions[equal].tolist()])
        return best, ids.amin(1)

    # --- disk ----------------------------------------------------------------------------------
    def save_pretrained(self, folder: Path | str) -> None:
        """Write settings, edits and vectors into one file of ``folder``, which replaces an older one in one step.

        Vectors that were loaded from the older one stay mapped. The classifier is not among what is written.
        """
        content = MemoryContent(
            classifier=self.classifier.kind,
            settings=self.settings,
            next_id=self.edits.next_id,
            ids=self.edits.ids,
            inputs=self.edits.inputs,
            labels=self.edits.labels,
            extra=self.extra,
        )
        write_memory(Path(folder) / FILE, content, self.vectors.rows, self.vectors.norms)

    @classmethod
    def from_pretrained(cls, folder: Path | str, classifier: ScopeClassifier) -> EditMemory:
        """Inverse of :meth:`save_pretrained`; on the CPU vectors stay on disk until they are read (memory-mapped).

        ``classifier`` must be the one that encoded the edits. Raises ``ConfigError`` if it is of another kind or its
        vectors have another shape, if the folder holds no memory or a damaged one.
        """
        file = Path(folder) / FILE
        content, rows, norms = read_memory(file, classifier.encoder.device)
        if content.classifier != classifier.kind or rows.shape[1:] != classifier.vector_shape:
            raise ConfigError(
                f"{file} was written by another scope classifier ({content.classifier}, vectors "
                f"{tuple(rows.shape[1:])}) than this ({classifier.kind}, {classifier.vector_shape}). Hint: load it "
                "with that one, or add the edits anew"
            )
        memory = cls(classifier, content.settings)
        memory.edits = EditColumns(content.inputs, content.labels, content.ids, content.next_id)
        memory.vectors = VectorStore.of(memory.settings, rows, norms)
        memory.extra = content.extra
        if memory._keeps_vectors and len(rows) != len(memory):
            raise ConfigError(
                f"{file} is damaged ({len(memory)} edits, but {len(rows)} vectors). Hint: restore it from a copy, or "
                "add the edits anew"
            )
        return memory

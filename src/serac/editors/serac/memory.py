"""The edit memory: edits are encoded once, when they are added, and searched for every input (section 2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from serac.config.serac import MemorySettings
from serac.editors.serac.scope import ScopeClassifier
from serac.editors.serac.vectors import VectorStore
from serac.errors import ConfigError, SeracError
from serac.records import Edit

NOWHERE = -1


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
        self.edits: list[Edit] = []
        self._ids: list[int] = []
        self._positions: dict[int, int] = {}
        self._next_id = 0

    def __len__(self) -> int:
        return len(self.edits)

    @property
    def ids(self) -> list[int]:
        """Ids of all edits, ascending."""
        return sorted(self._ids)

    def edit(self, id: int) -> Edit:
        """The edit called ``id``; raises ``SeracError`` if there is none."""
        return self.edits[self._position(id)]

    # --- changes -------------------------------------------------------------------------------
    def add(self, edits: Sequence[Edit], vectors: Tensor | None = None) -> list[int]:
        """Append edits, encoding only these; returns their ids.

        ``vectors`` float32 [m, heads * width], where the classifier encoded the edits before (on another machine).
        """
        if self._keeps_vectors:
            self.vectors.append(self._encode(edits) if vectors is None else vectors)
        ids = list(range(self._next_id, self._next_id + len(edits)))
        self._positions.update(zip(ids, range(len(self.edits), len(self.edits) + len(edits)), strict=True))
        self._next_id += len(edits)
        self._ids += ids
        self.edits += edits
        return ids

    def remove(self, ids: Iterable[int]) -> None:
        """Drop edits; raises ``SeracError`` (and drops none) if one of the ids is unknown."""
        ids = list(dict.fromkeys(ids))
        for id in ids:
            self._position(id)
        for id in ids:
            self._swap_remove(self._positions.pop(id))

    def replace(self, id: int, edit: Edit) -> None:
        """Put ``edit`` in the place of another, which keeps its id."""
        position = self._position(id)
        if self._keeps_vectors:
            self.vectors.set(position, self._encode([edit])[0])
        self.edits[position] = edit

    def _swap_remove(self, position: int) -> None:
        last_edit, last_id = self.edits.pop(), self._ids.pop()
        if position < len(self.edits):
            self.edits[position], self._ids[position], self._positions[last_id] = last_edit, last_id, position
        if self._keeps_vectors:
            self.vectors.swap_remove(position)

    def _position(self, id: int) -> int:
        if id not in self._positions:
            raise SeracError(f"the memory has no edit with id {id}: `ids` lists the {len(self)} that it has")
        return self._positions[id]

    def _encode(self, edits: Sequence[Edit]) -> Tensor:
        return self.classifier.vectors([self.classifier.entry(edit) for edit in edits])

    @property
    def _keeps_vectors(self) -> bool:
        return self.classifier.needs_vectors(self.settings.candidates)

    # --- search --------------------------------------------------------------------------------
    def retrieve(self, texts: Sequence[str]) -> Retrieval:
        """The edit whose scope most probably holds each text; of equally probable ones the first added."""
        device = self.classifier.encoder.device
        if not self.edits:
            return Retrieval(torch.zeros(len(texts), device=device), torch.full((len(texts),), NOWHERE, device=device))
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        log_g, positions = self.classifier.search(self, list(rows))
        best = log_g.amax(1, keepdim=True)
        ids = torch.tensor(self._ids, device=device)[positions]
        first = ids.where(log_g == best, self._next_id).amin(1)
        asked = torch.tensor([rows[text] for text in texts], device=device)
        return Retrieval(best[asked, 0].exp(), first[asked])

    # --- disk ----------------------------------------------------------------------------------
    def save_pretrained(self, folder: Path | str) -> None:
        """Write settings, edits and vectors (safetensors) into ``folder``; the classifier is not among them."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "settings": self.settings.model_dump(),
            "next_id": self._next_id,
            "ids": self._ids,
            "inputs": [edit.input for edit in self.edits],
            "labels": [edit.label for edit in self.edits],
        }
        (folder / "memory.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        tensors = {"rows": self.vectors.rows.contiguous(), "norms": self.vectors.norms.contiguous()}
        save_file(tensors, folder / "vectors.safetensors")

    @classmethod
    def from_pretrained(cls, folder: Path | str, classifier: ScopeClassifier) -> EditMemory:
        """Inverse of :meth:`save_pretrained`; on the CPU vectors stay on disk until they are read (memory-mapped).

        ``classifier`` must be the one that encoded the edits. Raises ``ConfigError`` if its vectors have another
        shape or the folder holds no memory.
        """
        folder = Path(folder)
        if not (folder / "memory.json").exists():
            raise ConfigError(f"{folder} holds no edit memory (memory.json is missing)")
        content = json.loads((folder / "memory.json").read_text(encoding="utf-8"))
        memory = cls(classifier, MemorySettings(**content["settings"]))
        memory.edits = [Edit(*pair) for pair in zip(content["inputs"], content["labels"], strict=True)]
        memory._ids, memory._next_id = content["ids"], content["next_id"]
        memory._positions = {id: position for position, id in enumerate(memory._ids)}
        tensors = load_file(folder / "vectors.safetensors", device=str(classifier.encoder.device))
        if tensors["rows"].shape[1:] != classifier.vector_shape:
            raise ConfigError(f"{folder} was written by another scope classifier: its vectors have another shape")
        memory.vectors = VectorStore.of(memory.settings, tensors["rows"], tensors["norms"])
        return memory

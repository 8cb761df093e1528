"""The edit store inside this process: mapped files, vectors searched exactly or by faiss, saved piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from serac.config.serac import MemorySettings
from serac.editors.serac import memory_file
from serac.editors.serac.approximate_index import ApproximateIndex
from serac.editors.serac.edit_columns import DEAD, EditColumns
from serac.editors.serac.edit_store import EditStore
from serac.editors.serac.memory_file import MemoryContent, Segment, segment_file
from serac.editors.serac.vector_store import BLOCK, VectorStore
from serac.records import Edit

SMALL = 4096
"""Slots up to which every save writes the whole memory into one file."""
INDEX_BEHIND = 0.02
"""Share of the slots that the index on disk may lack: adding them when it is read takes less than a second."""


class EmbeddedStore(EditStore):
    """Edits in slots, which are only ever appended: a removed edit leaves its slot, a replaced one moves to a new one.

    So files never change and the index never forgets; slots without an edit are left out of every search and dropped
    once they are half of all.
    """

    def __init__(self, settings: MemorySettings, heads: int, width: int, device: torch.device | str = "cpu") -> None:
        self.settings = settings
        self.columns, self.vectors = EditColumns(), VectorStore(settings, heads, width, device)
        self._index: ApproximateIndex | None = None
        self._dead: Tensor | None = None
        self._folder: Path | None = None
        self._files: list[tuple[str, int]] = []
        """Checksum of every file in the folder and the slot where it ends."""

    @classmethod
    def of(cls, settings: MemorySettings, folder: Path, segments: Sequence[Segment]) -> EmbeddedStore:
        """A store over the files of ``folder``, which stay mapped; raises ``ValueError`` if they do not fit."""
        heads, width = segments[0].rows.shape[1:]
        store = cls(settings, heads, width, segments[0].rows.device)
        store._folder = folder.resolve()
        for segment in segments:
            start = store.columns.slots
            gone = segment.removed.numpy()
            if len(gone) and not (gone.min() >= 0 and gone.max() < store.columns.next_id):
                raise ValueError("it removes an edit that it never added")
            store.columns.remove(np.intersect1d(gone, store.columns.live_ids))
            store.columns.place(segment.ids.numpy(), segment.content.next_id)
            store.columns.put(start, segment.texts.numpy(), segment.ends.numpy())
            if len(segment.rows):
                store.vectors.put(start, segment.rows, segment.norms)
            store._files.append((segment.checksum, store.columns.slots))
        return store

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def ids(self) -> list[int]:
        """Ids of all edits, ascending."""
        return self.columns.ids

    @property
    def next_id(self) -> int:
        """The id of the next edit."""
        return self.columns.next_id

    def edits(self, ids: Sequence[int]) -> list[Edit]:
        """The edits called ``ids``."""
        return [self.columns.edit(id) for id in ids]

    # --- changes -------------------------------------------------------------------------------
    def add(self, edits: Sequence[Edit], vectors: Tensor | None) -> list[int]:
        """Append edits; returns their ids."""
        self._append(vectors)
        return self.columns.append(edits)

    def replace(self, id: int, edit: Edit, vector: Tensor | None) -> None:
        """Put ``edit`` into a new slot under the id of another."""
        self.columns.slot(id)
        self._append(vector)
        self.columns.replace(id, edit)
        self._buried()

    def remove(self, ids: Sequence[int]) -> None:
        """Drop edits."""
        distinct = list(dict.fromkeys(ids))
        for id in distinct:
            self.columns.slot(id)
        self.columns.remove(distinct)
        self._buried()

    def _append(self, vectors: Tensor | None) -> None:
        self._dead = None
        if vectors is not None:
            self.vectors.append(vectors)
            if self._index is not None and not self._index.outgrown():
                self._index.update()

    def _buried(self) -> None:
        self._dead = None
        if self.columns.slots - len(self) > max(len(self), SMALL):
            self._compact()

    def _compact(self) -> None:
        """Drop the slots without an edit."""
        columns, vectors = (
            EditColumns(),
            VectorStore(self.settings, self.vectors.heads, self.vectors.width, self.vectors.device),
        )
        slots = np.flatnonzero(self.columns.ids_by_slot != DEAD)
        for start in range(0, len(slots), BLOCK):
            some = slots[start : start + BLOCK]
            ids = self.columns.ids_by_slot[some]
            columns.take(ids, self.edits(ids.tolist()), self.next_id)
            if len(self.vectors):
                vectors.append(self.vectors.at(torch.from_numpy(some).to(self.vectors.device)).flatten(1))
        columns.next_id = self.next_id
        self.columns, self.vectors = columns, vectors
        self._index, self._dead, self._files = None, None, []

    # --- search --------------------------------------------------------------------------------
    def nearest(self, queries: Tensor, count: int, *, exact: bool = False) -> tuple[Tensor, Tensor]:
        """Squared distances and ids of the nearest edits, approximate above ``approximate_above``."""
        count, limit = min(count, len(self)), self.settings.approximate_above
        if limit is not None and len(self) > limit and not exact:
            slots = self._approximate().nearest(queries, count, self.settings.probes, self._without())
            missed = (slots < 0).any(1)
            if missed.any():
                slots[missed] = self.vectors.nearest(queries[missed], count, self._without())
        else:
            slots = self.vectors.nearest(queries, count, self._without())
        ids = torch.from_numpy(self.columns.ids_by_slot).to(slots.device)
        return self.vectors.squared_distances(queries, slots), ids[slots]

    def _without(self) -> Tensor | None:
        """Slots without an edit, bool [slots]; None if there are none."""
        if self.columns.slots == len(self):
            return None
        if self._dead is None:
            self._dead = torch.from_numpy(self.columns.ids_by_slot == DEAD).to(self.vectors.device)
        return self._dead

    def _approximate(self) -> ApproximateIndex:
        if self._index is None and self._folder is not None and self._files:
            self._index = ApproximateIndex.load(self._folder, self.vectors, self._files[0][0])
        if self._index is None or self._index.outgrown():
            self._index = ApproximateIndex.build(self.vectors)
        return self._index

    # --- disk ----------------------------------------------------------------------------------
    def save(self, folder: Path, content: MemoryContent) -> None:
        """Write what the files of ``folder`` lack, and the whole where that is small or the folder is another's.

        A file that is no more than twice what follows it is written together with that, so that there are few.
        """
        kept = self._continued(folder)
        first = kept[:1]
        if not kept and len(self) < self.columns.slots:
            self._compact()
        start = kept[-1][1] if kept else 0
        content = content.model_copy(update={"after": kept[-1][0] if kept else ""})
        file = segment_file(folder, len(kept))
        checksum = memory_file.write_segment(file, self._segment(start, content))
        self._folder, self._files = folder.resolve(), [*kept, (checksum, self.columns.slots)]
        self._map(file, start)
        for number in range(len(self._files), len(list(folder.glob("memory*.safetensors"))) + len(self._files)):
            segment_file(folder, number).unlink(missing_ok=True)
        self._save_index(folder, same=self._files[:1] == first)

    def _continued(self, folder: Path) -> list[tuple[str, int]]:
        """The files of ``folder`` that stay as they are."""
        slots, kept = self.columns.slots, list(self._files)
        theirs = self._folder == folder.resolve() and all(
            memory_file.checksum_of(segment_file(folder, number)) == checksum
            for number, (checksum, _) in enumerate(kept)
        )
        if not theirs or slots <= SMALL:
            return []
        while kept:
            before = kept[-2][1] if len(kept) > 1 else 0
            if kept[-1][1] - before > 2 * (slots - kept[-1][1]):
                break
            kept.pop()
        return kept

    def _segment(self, start: int, content: MemoryContent) -> Segment:
        texts, ends = self.columns.packed(start)
        gone = np.setdiff1d(np.arange(self.next_id if start else 0), self.columns.live_ids, assume_unique=True)
        held = len(self.vectors) > 0
        return Segment(
            content,
            torch.from_numpy(self.columns.ids_by_slot[start:].copy()),
            torch.from_numpy(gone),
            torch.from_numpy(texts.copy()),
            torch.from_numpy(ends),
            self.vectors.rows(start) if held else self.vectors.rows(0, 0),
            self.vectors.norms(start) if held else self.vectors.norms(len(self.vectors)),
        )

    def _map(self, file: Path, start: int) -> None:
        """Keep what was written as a mapped file."""
        with safe_open(file, framework="pt") as opened:
            texts, ends, rows, norms = (opened.get_tensor(name) for name in ("texts", "ends", "rows", "norms"))
        self.columns.put(start, texts.numpy(), ends.numpy())
        if len(rows) and self.vectors.device.type == "cpu":
            self.vectors.put(start, rows, norms)

    def _save_index(self, folder: Path, *, same: bool) -> None:
        limit = self.settings.approximate_above
        if limit is None or len(self) <= limit:
            return
        index = self._approximate()
        if not same or index.count - index.on_disk > INDEX_BEHIND * index.count:
            index.save(folder, self._files[0][0])

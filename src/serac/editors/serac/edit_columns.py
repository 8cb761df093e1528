"""Texts and ids of the edit memory by slot: loading a million edits builds no object for any of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from serac.errors import SeracError
from serac.records import Edit

DEAD = -1
"""In the place of an id or a slot: there is none."""
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class EditColumns:
    """Edits by slot, 0 to ``slots`` - 1, and the slot of every id; a slot never changes, but dies with its edit."""

    def __init__(self) -> None:
        self.slots, self.alive, self.next_id = 0, 0, 0
        self._id_of = np.full(16, DEAD, dtype=np.int64)
        self._slot_of = np.full(16, DEAD, dtype=np.int64)
        self._packed: list[tuple[int, Bytes, Integers]] = []
        """Slot after the last one, texts one after another, and where each of them ends."""
        self._texts: list[str] = []
        """Input and label of every slot after the packed ones."""

    def __len__(self) -> int:
        return self.alive

    @property
    def ids(self) -> list[int]:
        """Ids of all edits, ascending."""
        ids: list[int] = self.live_ids.tolist()
        return ids

    @property
    def live_ids(self) -> Integers:
        """Ids of all edits, ascending."""
        return np.flatnonzero(self._slot_of[: self.next_id] != DEAD)

    @property
    def ids_by_slot(self) -> Integers:
        """The id of the edit in every slot, or ``DEAD``."""
        return self._id_of[: self.slots]

    def edit(self, id: int) -> Edit:
        """The edit called ``id``; raises ``SeracError`` if there is none."""
        slot = self.slot(id)
        start = 0
        for end, texts, ends in self._packed:
            if slot < end:
                first = 2 * (slot - start)
                places = [0 if first == 0 else int(ends[first - 1]), int(ends[first]), int(ends[first + 1])]
                input, label = (_text(texts[low:high]) for low, high in pairwise(places))
                return Edit(input, label)
            start = end
        return Edit(*self._texts[2 * (slot - start) : 2 * (slot - start) + 2])

    def slot(self, id: int) -> int:
        """Where the edit called ``id`` is; raises ``SeracError`` if there is none."""
        slot = int(self._slot_of[id]) if 0 <= id < self.next_id else DEAD
        if slot == DEAD:
            raise SeracError(f"the memory has no edit with id {id}: `ids` lists the {len(self)} that it has")
        return slot

    # --- changes -------------------------------------------------------------------------------
    def append(self, edits: Sequence[Edit]) -> list[int]:
        """Add edits in slots of their own; returns their ids, which no edit had before."""
        ids = np.arange(self.next_id, self.next_id + len(edits))
        self.take(ids, edits, self.next_id + len(edits))
        return list(range(self.next_id - len(edits), self.next_id))

    def replace(self, id: int, edit: Edit) -> None:
        """Put ``edit`` into a new slot under the id of another, whose slot dies."""
        self.slot(id)
        self.take(np.array([id]), [edit], self.next_id)

    def remove(self, ids: Sequence[int] | Integers) -> None:
        """Let edits die that are there."""
        slots = self._slot_of[ids]
        self._id_of[slots], self._slot_of[ids] = DEAD, DEAD
        self.alive -= len(slots)

    def take(self, ids: Integers, edits: Sequence[Edit], next_id: int) -> None:
        """Take new slots for ``edits`` under these ids."""
        self.place(ids, next_id)
        self._texts += [text for edit in edits for text in (edit.input, edit.label)]

    def place(self, ids: Integers, next_id: int) -> None:
        """Take new slots for ``ids``, some of which may be ``DEAD``; those in use before move to them."""
        self.next_id = next_id
        self._slot_of = _grown(self._slot_of, next_id)
        self._id_of = _grown(self._id_of, self.slots + len(ids))
        self._id_of[self.slots : self.slots + len(ids)] = ids
        new = np.flatnonzero(ids != DEAD)
        before = self._slot_of[ids[new]]
        self._id_of[before[before != DEAD]] = DEAD
        self._slot_of[ids[new]] = self.slots + new
        self.alive += int((before == DEAD).sum())
        self.slots += len(ids)

    # --- packed --------------------------------------------------------------------------------
    def packed(self, start: int = 0) -> tuple[Bytes, Integers]:
        """Texts and ends of the slots from ``start`` on, which is where packed texts end (or 0)."""
        parts, before = [], 0
        for end, texts, ends in self._packed:
            if before >= start:
                parts.append((texts, ends))
            before = end
        raw = [text.encode("utf-8", "surrogatepass") for text in self._texts]
        lengths = np.array([len(text) for text in raw], dtype=np.int64)
        parts.append((np.frombuffer(b"".join(raw), dtype=np.uint8), lengths.cumsum()))
        sizes = np.array([0, *(len(texts) for texts, _ in parts[:-1])]).cumsum()
        shifted = [ends + size for (_, ends), size in zip(parts, sizes, strict=True)]
        return np.concatenate([texts for texts, _ in parts]), np.concatenate(shifted)

    def put(self, start: int, texts: Bytes, ends: Integers) -> None:
        """Keep packed texts, which are not copied, for all slots from ``start`` on, where packed ones end (or 0)."""
        self._packed = [part for part in self._packed if part[0] <= start]
        self._packed.append((start + len(ends) // 2, texts, ends))
        self._texts = []


def _text(packed: Bytes) -> str:
    return packed.tobytes().decode("utf-8", "surrogatepass")


def _grown(values: Integers, needed: int) -> Integers:
    if needed <= len(values):
        return values
    grown = np.full(max(needed, 2 * len(values)), DEAD, dtype=np.int64)
    grown[: len(values)] = values
    return grown

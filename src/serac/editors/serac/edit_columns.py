"""Texts and ids of the edit memory, column by column: loading 100,000 edits builds no object for any of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from serac.errors import SeracError
from serac.records import Edit


class EditColumns(Sequence[Edit]):
    """Edits by position; an ``Edit`` is built where one is asked for.

    Positions move as in :class:`serac.editors.serac.vector_store.VectorStore`: removing an edit puts the last one in
    its place. Ids stay.
    """

    def __init__(
        self, inputs: Sequence[str] = (), labels: Sequence[str] = (), ids: Sequence[int] = (), next_id: int = 0
    ) -> None:
        self.inputs, self.labels, self.ids, self.next_id = list(inputs), list(labels), list(ids), next_id
        self._positions = {id: position for position, id in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, position: int) -> Edit: ...
    @overload
    def __getitem__(self, position: slice) -> list[Edit]: ...
    def __getitem__(self, position: int | slice) -> Edit | list[Edit]:
        if isinstance(position, slice):
            return [Edit(*pair) for pair in zip(self.inputs[position], self.labels[position], strict=True)]
        return Edit(self.inputs[position], self.labels[position])

    def __iter__(self) -> Iterator[Edit]:
        return map(Edit, self.inputs, self.labels)

    def position(self, id: int) -> int:
        """Where the edit called ``id`` is; raises ``SeracError`` if there is none."""
        if id not in self._positions:
            raise SeracError(f"the memory has no edit with id {id}: `ids` lists the {len(self)} that it has")
        return self._positions[id]

    # --- changes -------------------------------------------------------------------------------
    def append(self, edits: Sequence[Edit]) -> list[int]:
        """Add edits at the end; returns their ids, which no edit had before."""
        ids = list(range(self.next_id, self.next_id + len(edits)))
        self._positions.update(zip(ids, range(len(self), len(self) + len(edits)), strict=True))
        self.inputs += [edit.input for edit in edits]
        self.labels += [edit.label for edit in edits]
        self.ids += ids
        self.next_id += len(edits)
        return ids

    def set(self, position: int, edit: Edit) -> None:
        """Put ``edit`` in the place of another, which keeps its id."""
        self.inputs[position], self.labels[position] = edit.input, edit.label

    def swap_remove(self, position: int) -> None:
        """Drop an edit; the last one takes its position."""
        del self._positions[self.ids[position]]
        input, label, id = self.inputs.pop(), self.labels.pop(), self.ids.pop()
        if position < len(self):
            self.inputs[position], self.labels[position], self.ids[position] = input, label, id
            self._positions[id] = position

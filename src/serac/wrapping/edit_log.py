"""The edits of a wrapped model as a person sees them: ids, times, sources, notes and what replaced what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal, get_args

from serac.errors import SeracError

EditId = int | str
OnConflict = Literal["replace", "keep", "error"]
LARGEST_TEXT = 20_000
"""Characters of a question or an answer."""


@dataclass(frozen=True)
class StoredEdit:
    """One edit: ``question`` is to be answered by ``answer``; ``time`` is in ISO 8601."""

    id: EditId
    question: str
    answer: str
    time: str
    source: str = ""
    note: str = ""

    @classmethod
    def checked(cls, **values: Any) -> StoredEdit:
        """A stored edit of these values; raises ``SeracError`` for anything but texts and a number or text as id."""
        if unknown := sorted(set(values) - set(cls.__dataclass_fields__)):
            raise SeracError(f"an edit has no '{unknown[0]}'. Hint: it has {', '.join(cls.__dataclass_fields__)}")
        if missing := sorted({"id", "question", "answer", "time"} - set(values)):
            raise SeracError(f"an edit lacks its '{missing[0]}'")
        for name, value in values.items():
            if name == "id" and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
                continue
            if not isinstance(value, str):
                raise SeracError(f"'{name}' of an edit is {value!r}. Hint: give a text")
            require_text(name, value)
        if not all(str(values[name]).strip() for name in ("question", "answer", "id")):
            raise SeracError("an edit needs a question, an answer and an id that are not blank")
        return cls(**values)


@dataclass(frozen=True)
class Change:
    """One entry of the history: what was done to ``edit`` at ``time``; ``by`` is the edit that replaced it."""

    what: Literal["added", "replaced", "kept", "removed"]
    time: str
    edit: StoredEdit
    by: StoredEdit | None = None


class EditLog:
    """Edits by id and by question; two questions are the same if they differ only in case and blanks.

    >>> log = EditLog()
    >>> log.put(log.new("Who leads France?", "Marie Dupont"))
    >>> log.conflict("who leads  France?").answer
    'Marie Dupont'
    """

    def __init__(self) -> None:
        self.edits: dict[EditId, StoredEdit] = {}
        self.history: list[Change] = []
        self._by_question: dict[str, EditId] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self.edits)

    def __iter__(self) -> Iterator[StoredEdit]:
        return iter(self.edits.values())

    def get(self, id: EditId) -> StoredEdit:
        """The edit called ``id``; raises ``SeracError`` if there is none."""
        if id not in self.edits:
            known = [repr(known) for known in islice(self.edits, 6)]
            known[5:] = ["…"] if len(known) > 5 else []
            hint = f"the edits are {', '.join(known)}" if known else "there are no edits yet"
            raise SeracError(f"there is no edit {id!r}. Hint: {hint}")
        return self.edits[id]

    def new(
        self,
        question: str,
        answer: str,
        *,
        id: EditId | None = None,
        time: str | None = None,
        source: str = "",
        note: str = "",
    ) -> StoredEdit:
        """A checked edit, not yet in the log; ``id`` is the next number and ``time`` now if they are not given."""
        return StoredEdit.checked(
            id=self.next_id() if id is None else id,
            question=question,
            answer=answer,
            time=now() if time is None else time,
            source=source,
            note=note,
        )

    def next_id(self) -> int:
        """The smallest number above all numbers that were ever ids."""
        return self._next

    def conflict(self, question: str) -> StoredEdit | None:
        """The edit with the same question."""
        id = self._by_question.get(_key(question))
        return None if id is None else self.edits[id]

    # --- changes -------------------------------------------------------------------------------
    def put(self, edit: StoredEdit) -> None:
        """Add an edit whose id and question are new."""
        self._set(edit)
        self.history.append(Change("added", now(), edit))

    def replace(self, old: StoredEdit, new: StoredEdit) -> StoredEdit:
        """Put ``new`` in the place of ``old``, whose id it takes; returns it as it is kept."""
        new = replace(new, id=old.id)
        del self._by_question[_key(old.question)]
        self._set(new)
        self.history.append(Change("replaced", now(), old, new))
        return new

    def keep(self, old: StoredEdit, new: StoredEdit) -> None:
        """Note that ``new`` was refused for the sake of ``old``."""
        self.history.append(Change("kept", now(), old, new))

    def remove(self, id: EditId) -> StoredEdit:
        """Drop an edit; raises ``SeracError`` if there is none of this id."""
        edit = self.get(id)
        del self.edits[id], self._by_question[_key(edit.question)]
        self.history.append(Change("removed", now(), edit))
        return edit

    def _set(self, edit: StoredEdit) -> None:
        self.edits[edit.id] = edit
        self._by_question[_key(edit.question)] = edit.id
        if isinstance(edit.id, int):
            self._next = max(self._next, edit.id + 1)

    # --- disk ----------------------------------------------------------------------------------
    def to_json(self) -> dict[str, Any]:
        """JSON values from which :meth:`from_json` makes an equal log."""
        return {
            "edits": [asdict(edit) for edit in self],
            "history": [asdict(change) for change in self.history],
            "next": self._next,
        }

    @classmethod
    def from_json(cls, values: Any) -> EditLog:
        """Inverse of :meth:`to_json`; raises ``SeracError`` for anything else."""
        log = cls()
        try:
            for edit in values["edits"]:
                stored = StoredEdit.checked(**edit)
                if stored.id in log.edits or log.conflict(stored.question):
                    raise SeracError(f"edit {stored.id!r} occurs twice")
                log._set(stored)
            log.history = [_change(change) for change in values["history"]]
            log._next = max(log._next, int(values["next"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SeracError(f"its list of edits is malformed ({error!r})") from error
        return log


def read_id(text: str) -> EditId:
    """The id that was written as ``text``: a number if it reads like one.

    >>> read_id("7"), read_id("007"), read_id("seven")
    (7, '007', 'seven')
    """
    return int(text) if re.fullmatch("0|[1-9][0-9]{0,17}", text) else text


def require_text(name: str, value: str) -> None:
    """Raise ``SeracError`` where a text is too long or cannot be written as UTF-8."""
    if len(value) > LARGEST_TEXT:
        raise SeracError(f"'{name}' has {len(value):,} characters. Hint: give at most {LARGEST_TEXT:,}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise SeracError(f"'{name}' is not valid text ({error.reason}). Hint: give it as Unicode") from error


def require_policy(on_conflict: str) -> None:
    """Raise ``SeracError`` for an unknown way to settle conflicts."""
    if on_conflict not in get_args(OnConflict):
        raise SeracError(f"'on_conflict' is {on_conflict!r}. Hint: choose one of {', '.join(get_args(OnConflict))}")


def now() -> str:
    """The time in ISO 8601, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _key(question: str) -> str:
    return " ".join(question.casefold().split())


def _change(values: dict[str, Any]) -> Change:
    by = values["by"]
    if values["what"] not in ("added", "replaced", "kept", "removed"):
        raise ValueError(f"unknown change {values['what']!r}")
    edit = StoredEdit.checked(**values["edit"])
    return Change(values["what"], str(values["time"]), edit, None if by is None else StoredEdit.checked(**by))

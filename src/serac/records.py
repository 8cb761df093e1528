"""The record type that all packages share: an edit with inputs inside and outside its scope.

Section 3 of the paper: an edit descriptor ``z_e = (x_e, y_e)`` comes with in-scope inputs ``I(z_e)``
(with the desired output) and out-of-scope inputs ``O(z_e)`` (whose output must not change).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serac.errors import RecordError


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit descriptor ``z_e = (x_e, y_e)``.

    ``label`` is empty for fact checking, where the edit is one true statement.
    ``subject``: the part of ``input`` that names what the edit is about, where the source marks it (editors that
    locate facts need it); empty elsewhere.
    """

    input: str
    label: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A test input.

    ``label``: desired output (in scope) or the source's original output (out of scope); fact checking
    uses ``"1"`` (true) and ``"0"`` (false).
    ``kind``: kind of input (``main``, ``rephrase``, ``implication``, ``true_false``,
    ``neighbour``, ``neutral``, ...), the ``subset`` column of the results.
    ``hard``: far from the edit in wording yet in scope, or close to it yet out of scope.
    ``wanted``: False for a text that the edited model should make *less* likely (ConvSent completions
    of the sentiment that the edit does not ask for).
    ``about``: ``group`` of the example that this input belongs to; an out-of-scope input is omitted
    from a batch that edits the group it is about. Empty when it can never come into scope.
    ``aliases``: other texts that count as the desired output when answers are generated.
    """

    input: str
    label: str
    kind: str
    hard: bool = False
    wanted: bool = True
    about: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditExample:
    """An edit and the inputs that evaluate it; two examples of one ``group`` never share a batch.

    ``portability``: inputs whose output follows from the edit and another fact; scored separately, never trained on.
    """

    id: str
    group: str
    edit: Edit
    in_scope: tuple[Query, ...]
    out_of_scope: tuple[Query, ...]
    portability: tuple[Query, ...] = ()

    def to_json(self) -> str:
        """One line of a ``.jsonl`` file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> EditExample:
        """Inverse of :meth:`to_json`; raises ``KeyError``, ``TypeError`` or ``ValueError`` on malformed text."""
        raw = json.loads(line)
        return cls(
            id=raw["id"],
            group=raw["group"],
            edit=Edit(**raw["edit"]),
            in_scope=_queries(raw["in_scope"]),
            out_of_scope=_queries(raw["out_of_scope"]),
            portability=_queries(raw.get("portability", ())),
        )


def _queries(raw: Iterable[dict[str, Any]]) -> tuple[Query, ...]:
    return tuple(Query(**{**query, "aliases": tuple(query.get("aliases", ()))}) for query in raw)


def write_examples(path: Path | str, examples: Iterable[EditExample]) -> int:
    """Write examples as JSON lines, creating the folder; returns how many were written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for example in examples:
            out.write(example.to_json() + "\n")
            count += 1
    return count


def read_examples(path: Path | str) -> list[EditExample]:
    """Read examples written by :func:`write_examples`; a bad line raises ``RecordError`` with file and line."""
    return list(_iterate(Path(path)))


def _iterate(path: Path) -> Iterator[EditExample]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield EditExample.from_json(line)
            except (KeyError, TypeError, ValueError) as error:
                raise RecordError(path, number, f"not an edit example: {error!r}") from error


def same_text(one: str, other: str) -> bool:
    """Equality up to case and white space, which tokenizers do not all keep.

    >>> same_text("New  York", "new york ")
    True
    """
    return "".join(one.split()).lower() == "".join(other.split()).lower()

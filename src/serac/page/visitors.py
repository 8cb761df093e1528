"""What a visitor to the page has: edits and questions of their own, in front of a model that all visitors share."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from serac.errors import SeracError
from serac.page.offered import Choice, shared_model
from serac.records import Edit
from serac.wrapping.answer import Answer
from serac.wrapping.exchange import read_edits

MOST_EDITS, MOST_QUESTIONS, MOST_VISITORS = 500, 100, 50
LARGEST_FILE = 1_000_000
"""Bytes of a file, characters of a text with many edits."""
WORK = threading.RLock()
"""The models' tokenizers are shared: one visitor is served at a time."""


@dataclass(frozen=True)
class Asked:
    """A question with the answers of the base model and of the edited one."""

    question: str
    before: str
    after: Answer


@dataclass(frozen=True)
class Point:
    """An edit or a question on the map."""

    text: str
    kind: Literal["edit", "question an edit answered", "other question"]
    x: float
    y: float


@dataclass
class Visitor:
    """One browser tab."""

    choice: Choice
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        with WORK:
            self.model = shared_model(self.choice).without_edits()

    def pick(self, choice: Choice) -> None:
        """Go on with another model; edits stay, questions do not."""
        with WORK:
            model = shared_model(choice).without_edits()
            for edit in self.model.edits:
                model.add(**asdict(edit))
            self.choice, self.model, self.asked = choice, model, []

    def add(self, question: str, answer: str, **values: Any) -> int | str:
        """Add or replace one edit; returns its id."""
        known = {edit.id for edit in self.model.edits}
        self._require_room(0 if values.get("id") in known else 1)
        with WORK:
            return self.model.add(question.strip(), answer.strip(), **values)

    def remove(self, ids: list[int | str]) -> None:
        """Take edits back."""
        with WORK:
            for id in ids:
                self.model.remove(id)

    def ask(self, question: str) -> Asked:
        """Answer before and after the edits."""
        with WORK:
            before = shared_model(self.choice).answer(question)
            asked = Asked(question, before.text, self.model.answer(question))
        known = [one for one in self.asked if one.question != question]
        self.asked = [*known, asked][-MOST_QUESTIONS:]
        return asked

    def move_threshold(self, threshold: float) -> Asked | None:
        """The last question is answered anew at another threshold."""
        self.model.threshold = threshold
        return self.ask(self.asked[-1].question) if self.asked else None

    # --- many edits ----------------------------------------------------------------------------
    def paste(self, text: str) -> int:
        """Add a line of each edit: the question, a tab or ``=>``, the answer; returns how many there are."""
        if len(text) > LARGEST_FILE:
            raise SeracError(f"{len(text):,} characters are too many. Hint: paste at most {LARGEST_FILE:,}")
        lines = [line for line in text.splitlines() if line.strip()]
        self._require_room(len(lines))
        pairs = [line.partition("\t" if "\t" in line else "=>") for line in lines]
        for number, (question, found, answer) in enumerate(pairs, start=1):
            if not found or not question.strip() or not answer.strip():
                raise SeracError(f"line {number} has no question and answer. Hint: put a tab or => between them")
        for question, _, answer in pairs:
            self.add(question, answer)
        return len(lines)

    def read_file(self, name: str, content: bytes) -> int:
        """Add the edits of a ``.jsonl`` or ``.csv`` file; returns how many there are."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"edits{Path(name).suffix}"
            file.write_bytes(content)
            try:
                rows = list(read_edits(file))
            except SeracError as error:
                raise SeracError(str(error).replace(str(file), name)) from error
        self._require_room(len(rows))
        for row in rows:
            self.add(**row)
        return len(rows)

    def file(self, ending: str) -> bytes:
        """All edits as a file of this ending."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"edits{ending}"
            self.model.export_edits(file)
            return file.read_bytes()

    def _require_room(self, more: int) -> None:
        if (wanted := len(self.model.edits) + more) > MOST_EDITS:
            raise SeracError(
                f"{wanted:,} edits are too many: this page keeps {MOST_EDITS}. Hint: use serac.wrap for more"
            )

    # --- map -----------------------------------------------------------------------------------
    def points(self) -> list[Point]:
        """Edits and questions where the scope classifier puts them, on their two main axes.

        None of a classifier that reads edit and question together: it has no embeddings.
        """
        classifier = self.model.edited.classifier
        edits = [Edit(edit.question, edit.answer) for edit in self.model.edits]
        if not classifier.needs_vectors(None) or len(edits) + len(self.asked) < 2:
            return []
        with WORK:
            texts = [classifier.entry(edit) for edit in edits] + [asked.question for asked in self.asked]
            vectors = classifier.vectors(texts).float().cpu()
        centred = vectors - vectors.mean(0)
        _, _, axes = torch.linalg.svd(centred, full_matrices=False)
        places = centred @ axes[:2].T
        named: list[tuple[str, Any]] = [(f"{edit.input} → {edit.label}", "edit") for edit in edits]
        for asked in self.asked:
            named.append((asked.question, "question an edit answered" if asked.after.edit else "other question"))
        rows = places.tolist()
        return [Point(text, kind, row[0], row[1]) for (text, kind), row in zip(named, rows, strict=True)]


class Visitors:
    """Visitors by browser tab; the one that has been away longest makes room for a new one."""

    def __init__(self, choices: list[Choice]) -> None:
        if not choices:
            raise SeracError(
                "there is no model. Hint: give one with --model, or run `make bundle` in this folder first"
            )
        self.choices = {choice.name: choice for choice in choices}
        self._known: OrderedDict[str, Visitor] = OrderedDict()

    def of(self, tab: str) -> Visitor:
        """The visitor in a browser tab, new or back after a reload."""
        with WORK:
            if tab not in self._known:
                self._known[tab] = Visitor(next(iter(self.choices.values())))
                if len(self._known) > MOST_VISITORS:
                    self._known.popitem(last=False)
            self._known.move_to_end(tab)
            return self._known[tab]

"""How well a wrapped model answers a file of edits: generated answers, by kind of question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serac.records import EditExample, Query
from serac.wrapping.wrapped_model import WrappedModel

AT_ONCE = 16


@dataclass(frozen=True)
class Assessment:
    """Of the inputs of one kind: how many, edit success or drawdown, and the share that edits answered."""

    scope: str
    kind: str
    inputs: int
    value: float
    routed: float

    @property
    def metric(self) -> str:
        """``ES`` (edit success) in scope; ``DD`` (drawdown, the share of changed answers) out of scope."""
        return "ES" if self.scope == "in" else "DD"


def assess(model: WrappedModel, examples: Sequence[EditExample]) -> list[Assessment]:
    """Ask about every example with the edits of all of them in the memory; the model's own edits stay.

    An answer counts as wanted if it is the label but for case and blanks. The examples' edits are not removed.
    """
    scopes = {"in": [q for e in examples for q in e.in_scope], "out": [q for e in examples for q in e.out_of_scope]}
    threshold = model.threshold
    model.threshold = 1.0
    before = {query.input: text for query, (text, _) in zip(scopes["out"], _ask(model, scopes["out"]), strict=True)}
    model.threshold = threshold
    for example in examples:
        model.add(example.edit.input, example.edit.label, source=example.id)
    rows = []
    for scope, queries in scopes.items():
        answers = list(zip(queries, _ask(model, queries), strict=True))
        for kind in sorted({query.kind for query in queries}):
            of_kind = [(query, *answer) for query, answer in answers if query.kind == kind]
            hits = [
                _same(text, query.label) if scope == "in" else not _same(text, before[query.input])
                for query, text, _ in of_kind
            ]
            routed = sum(answered for *_, answered in of_kind) / len(of_kind)
            rows.append(Assessment(scope, kind, len(of_kind), sum(hits) / len(hits), routed))
    return rows


def _ask(model: WrappedModel, queries: Sequence[Query]) -> list[tuple[str, bool]]:
    texts = [query.input for query in queries]
    answers = [answer for i in range(0, len(texts), AT_ONCE) for answer in model.answer(texts[i : i + AT_ONCE])]
    return [(answer.text, answer.edit is not None) for answer in answers]


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()

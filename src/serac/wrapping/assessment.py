"""How well a wrapped model answers a file of edits: generated answers, by kind of question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import track

from serac.records import EditExample, Query, same_text
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


def assess(model: WrappedModel, examples: Sequence[EditExample], *, progress: bool = False) -> list[Assessment]:
    """Add the edits of all examples to the model's own and ask about each; the edits stay in the model.

    An answer is right if it is the label or an alias of it, but for case and blanks. ``progress`` shows a bar in a
    terminal. Questions out of scope that are about the group of another example are left out.
    """
    edited = {example.group for example in examples}
    scopes = {
        "in": [query for example in examples for query in example.in_scope],
        "out": [query for example in examples for query in example.out_of_scope if query.about not in edited],
    }
    threshold = model.threshold
    model.threshold = 1.0
    said = _ask(model, scopes["out"], "Asking the base model", progress)
    before = {query.input: text for query, (text, _) in zip(scopes["out"], said, strict=True)}
    model.threshold = threshold
    for example in examples:
        model.add(example.edit.input, example.edit.label, source=example.id)
    rows = []
    for scope, queries in scopes.items():
        answers = list(zip(queries, _ask(model, queries, f"Asking {scope} of scope", progress), strict=True))
        for kind in sorted({query.kind for query in queries}):
            of_kind = [(query, *answer) for query, answer in answers if query.kind == kind]
            hits = [
                _right(text, query) if scope == "in" else not same_text(text, before[query.input])
                for query, text, _ in of_kind
            ]
            routed = sum(answered for *_, answered in of_kind) / len(of_kind)
            rows.append(Assessment(scope, kind, len(of_kind), sum(hits) / len(hits), routed))
    return rows


def _ask(model: WrappedModel, queries: Sequence[Query], what: str, progress: bool) -> list[tuple[str, bool]]:
    texts = [query.input for query in queries]
    batches = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    shown = track(batches, what, disable=not progress, transient=True)
    answers = [answer for batch in shown for answer in model.answer(batch)]
    return [(answer.text, answer.edit is not None) for answer in answers]


def _right(text: str, query: Query) -> bool:
    return any(same_text(text, wanted) for wanted in (query.label, *query.aliases))

"""Edit success and drawdown of an editor on batches of k simultaneous edits (paper section 4)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from serac.config.evaluation import EvaluationSettings
from serac.editors.base import EditedModel, Editor
from serac.evaluation.base_outputs import BaseOutputs, split_scopes
from serac.evaluation.batches import EditBatch, make_batches
from serac.evaluation.metrics import PROSE
from serac.evaluation.prose import prose_losses
from serac.evaluation.routing import Route, RouteRecorder, as_routes
from serac.records import EditExample, Query, same_text
from serac.tasks.base import Score, Task

COLUMNS = {
    "batch": "int64",
    "seed": "int64",
    "edit_id": "str",
    "scope": "str",
    "kind": "str",
    "hard": "bool",
    "value": "float64",
    "generated": "float64",
    "beta": "float64",
    "routed": "float64",
    "hit": "float64",
    "input": "str",
    "label": "str",
    "edit_input": "str",
    "edit_label": "str",
    "base_output": "str",
    "edited_output": "str",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the edited and the base model make of one query; generated texts are None without free generation."""

    edited: dict[str, Tensor]
    base: dict[str, Tensor]
    route: Route | None
    edited_generation: str | None = None
    base_generation: str | None = None

    def routed_above(self, threshold: float) -> Answer:
        """This answer if its input is routed with a ``beta`` above ``threshold``, else the base model's."""
        if self.route is None:
            return self
        route = self.route.above(threshold)
        if route.routed:
            return replace(self, route=route)
        return replace(self, route=route, edited=self.base, edited_generation=self.base_generation)


def evaluate(
    editor: Editor,
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: EvaluationSettings,
    seeds: Sequence[int],
    *,
    k: int,
    prose: Tensor | None = None,
) -> pd.DataFrame:
    """Outcomes of ``editor`` with ``k`` simultaneous edits, one row per scored thing (see ``COLUMNS``).

    For every seed the examples are cut into batches of ``k`` edits, each applied to the base model; ``value`` is
    edit success (``scope`` "in", "portability") or drawdown ("out") by teacher forcing, ``generated`` the same by free
    generation in the first ``settings.generated_batches`` batches of a seed (NaN elsewhere, and where an answer is not
    right or wrong). ``routed`` and ``hit`` are 0 or 1, or the mean where a row scores several inputs together. With
    ``prose``, windows of text, the first batch of each seed has rows for them too.
    """
    return evaluate_at_thresholds(editor, (None,), examples, base_outputs, settings, seeds, k=k, prose=prose)[0]


def evaluate_at_thresholds(
    editor: Editor,
    thresholds: Sequence[float | None],
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: EvaluationSettings,
    seeds: Sequence[int],
    *,
    k: int,
    prose: Tensor | None = None,
) -> list[pd.DataFrame]:
    """Outcomes as of :func:`evaluate` for each threshold, from one pass.

    Where ``editor`` routes an input with a ``beta`` above a threshold, its answer counts, elsewhere the base model's;
    None takes the editor's answers as they are.
    """
    rows: list[list[dict[str, Any]]] = [[] for _ in thresholds]
    for seed in seeds:
        batches = make_batches(examples, k, settings.batches(k), seed, settings.asked)
        started = time.monotonic()
        for batch in batches:
            edited = editor.edit(batch.edits)
            generate = batch.number < settings.generated_batches and base_outputs.has_texts
            answers = _ask(edited, editor.task, batch, base_outputs, settings.batch_size, generate=generate)
            for threshold, found in zip(thresholds, rows, strict=True):
                chosen = answers
                if threshold is not None:
                    chosen = {asked: answer.routed_above(threshold) for asked, answer in answers.items()}
                found += _score_batch(editor.task, batch, chosen)
            if prose is not None and batch.number == 0:
                read = _prose_rows(batch, prose_losses(edited, prose))
                for found in rows:
                    found += read
            _report(editor.name, batch, len(batches), rows[0], time.monotonic() - started)
    return [as_frame(found) for found in rows]


def evaluate_unedited(
    task: Task,
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: EvaluationSettings,
    seeds: Sequence[int],
    *,
    k: int,
) -> pd.DataFrame:
    """Outcomes of the base model without any edit on the batches of :func:`evaluate`: how much it knows already."""
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        for batch in make_batches(examples, k, settings.batches(k), seed, settings.asked):
            queries = [query for _, part in split_scopes(batch.examples) for query in part]
            generate = batch.number < settings.generated_batches and base_outputs.has_texts
            answers = _of_base_model(queries, [None] * len(queries), base_outputs, generate=generate)
            rows += _score_batch(task, batch, answers)
            if base_outputs.prose is not None and batch.number == 0:
                rows += _prose_rows(batch, base_outputs.prose)
    return as_frame(rows)


def score_batch(
    edited: EditedModel,
    task: Task,
    batch: EditBatch,
    base_outputs: BaseOutputs,
    batch_size: int,
    *,
    generate: bool = False,
) -> list[dict[str, Any]]:
    """Rows of one batch of edits that ``edited`` holds in the order of ``batch.edits``."""
    return _score_batch(task, batch, _ask(edited, task, batch, base_outputs, batch_size, generate=generate))


def _prose_rows(batch: EditBatch, losses: Tensor) -> list[dict[str, Any]]:
    about = {"batch": batch.number, "seed": batch.seed, "scope": PROSE, "kind": PROSE, "hard": False}
    empty = {name: math.nan if kind == "float64" else "" for name, kind in COLUMNS.items()}
    rows = enumerate(losses.tolist())
    return [{**empty, **about, "value": loss, "input": f"window {number}"} for number, loss in rows]


def _score_batch(task: Task, batch: EditBatch, answers: dict[tuple[str, str], Answer]) -> list[dict[str, Any]]:
    return [
        row
        for position, example in enumerate(batch.examples)
        for row in _score_example(task, batch, position, example, answers)
    ]


def as_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Outcome rows as a frame with exactly the columns and types of ``COLUMNS``."""
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _ask(
    edited: EditedModel,
    task: Task,
    batch: EditBatch,
    base_outputs: BaseOutputs,
    batch_size: int,
    *,
    generate: bool,
) -> dict[tuple[str, str], Answer]:
    answers: dict[tuple[str, str], Answer] = {}
    for full, queries in split_scopes(batch.examples):
        if task.answers_freely:
            kept = _not_routed(edited, task, queries, base_outputs, generate=generate)
            answers |= kept
            queries = [query for query in queries if (query.input, query.label) not in kept]
        recorder = RouteRecorder()
        texts: Sequence[str | None] = [None] * len(queries)
        base_texts: Sequence[str | None] = texts
        with torch.no_grad():
            with recorder.recording(edited):
                outputs = task.outputs(edited, queries, batch_size, full=full)
            if generate:
                texts, base_texts = task.generate(edited, queries, batch_size), base_outputs.texts(queries)
        columns = (outputs, base_outputs.outputs(queries), recorder.routes(queries, batch_size), texts, base_texts)
        for query, *column in zip(queries, *columns, strict=True):
            answers[query.input, query.label] = Answer(*column)
    return answers


def _not_routed(
    edited: EditedModel, task: Task, queries: Sequence[Query], base_outputs: BaseOutputs, *, generate: bool
) -> dict[tuple[str, str], Answer]:
    """The answers that are known: the base model's, to the queries that the edited model does not route."""
    routing = edited.routing_of(task.as_read([query.input for query in queries])) if queries else None
    if routing is None:
        return {}
    left = [(query, route) for query, route in zip(queries, as_routes(routing), strict=True) if not route.routed]
    return _of_base_model([query for query, _ in left], [route for _, route in left], base_outputs, generate=generate)


def _of_base_model(
    queries: Sequence[Query], routes: Sequence[Route | None], base_outputs: BaseOutputs, *, generate: bool
) -> dict[tuple[str, str], Answer]:
    """Answers that are the base model's own."""
    texts: Sequence[str | None] = base_outputs.texts(queries) if generate else [None] * len(queries)
    return {
        (query.input, query.label): Answer(output, output, route, text, text)
        for query, output, route, text in zip(queries, base_outputs.outputs(queries), routes, texts, strict=True)
    }


def _score_example(
    task: Task, batch: EditBatch, position: int, example: EditExample, answers: dict[tuple[str, str], Answer]
) -> Iterator[dict[str, Any]]:
    for scope, queries, score in (
        ("in", example.in_scope, task.success),
        ("out", example.out_of_scope, task.drawdown),
        ("portability", example.portability, task.success),
    ):
        if not queries:
            continue
        found = [answers[query.input, query.label] for query in queries]
        for entry in score(queries, [answer.edited for answer in found], [answer.base for answer in found]):
            about = [(queries[i], found[i]) for i in entry.positions]
            yield {
                "batch": batch.number,
                "seed": batch.seed,
                "edit_id": example.id,
                "scope": scope,
                "kind": entry.kind,
                "hard": entry.hard,
                "value": entry.value,
                "generated": _generated(scope, about),
                **_routing(entry, scope, position, found),
                "input": about[0][0].input,
                "label": about[0][0].label,
                "edit_input": example.edit.input,
                "edit_label": example.edit.label,
                "base_output": task.answer(about[0][1].base),
                "edited_output": task.answer(about[0][1].edited),
            }


def _routing(entry: Score, scope: str, position: int, found: Sequence[Answer]) -> dict[str, float]:
    routes = [route for i in entry.positions if (route := found[i].route) is not None]
    if not routes:
        return {"beta": math.nan, "routed": math.nan, "hit": math.nan}
    hit = fmean(route.routed and route.index == position for route in routes) if scope != "out" else math.nan
    return {
        "beta": fmean(route.beta for route in routes),
        "routed": fmean(route.routed for route in routes),
        "hit": hit,
    }


def _generated(scope: str, about: Sequence[tuple[Query, Answer]]) -> float:
    """Mean of [generated == wanted, or one of its aliases]; out of scope of [generated != base's]."""
    matches = []
    for query, answer in about:
        if answer.edited_generation is None or answer.base_generation is None:
            return math.nan
        expected = [answer.base_generation] if scope == "out" else [query.label, *query.aliases]
        matches.append(any(same_text(answer.edited_generation, text) for text in expected))
    return 1 - fmean(matches) if scope == "out" else fmean(matches)


def _report(name: str, batch: EditBatch, batches: int, rows: Sequence[dict[str, Any]], seconds: float) -> None:
    done = batch.number + 1
    if done != batches and done % max(1, batches // 5):
        return
    means = {
        scope: fmean(
            [row["value"] for row in rows if row["scope"] == scope and row["seed"] == batch.seed] or [math.nan]
        )
        for scope in ("in", "out")
    }
    print(
        f"{name}: seed {batch.seed}, batch {done} of {batches}, "
        f"ES {means['in']:.3f}, DD {means['out']:.3f}, {seconds:.1f} s",
        flush=True,
    )

"""Routing of real texts: correct routes and false alarms of a scope classifier, by number of edits in memory.

No base model is involved. An input is *right* if the best entry is about its own subject and lies above the threshold.
It gives a *false alarm* if the best entry about any other subject does: what would happen if its own edit were not in
the memory. An input that is about no edit (``nq``) can only give a false alarm.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from serac.evaluation.parts import VectorRouter
from serac.records import EditExample, Query

CANDIDATES = 4
"""Entries, of the own subject and of others, that the vectors hand to the classifier; exact for Embed with one head."""
_SLICE = 1024  # pairs scored at once, few enough that the classifier remembers their vectors


def route_scores(classifier: VectorRouter, asked: Sequence[EditExample], others: Sequence[EditExample]) -> pd.DataFrame:
    """Best log g of every input in scope of ``asked`` and of their NQ questions, in a memory of both lists' edits.

    Columns ``kind``, ``own`` (best entry of the same group; NaN without one) and ``foreign`` (best of other groups).
    """
    memory = [*asked, *others]
    queries = [(example.group, query) for example in asked for query in _inputs(example)]
    groups = {group: number for number, group in enumerate(dict.fromkeys(example.group for example in memory))}
    entry_group = torch.tensor([groups[example.group] for example in memory])
    query_group = torch.tensor([groups[group] if query.kind != "nq" else -1 for group, query in queries])
    entries = classifier.vectors([classifier.entry(example.edit) for example in memory]).cpu()
    distances = torch.cdist(classifier.vectors([query.input for _, query in queries]).cpu(), entries)
    same = query_group[:, None] == entry_group[None]
    best = {
        name: _best(classifier, memory, queries, distances.masked_fill(hidden, torch.inf))
        for name, hidden in (("own", ~same), ("foreign", same))
    }
    return pd.DataFrame({"kind": [query.kind for _, query in queries], **best})


def choose_threshold(scores: pd.DataFrame, false_alarms: float) -> float:
    """The lowest log g above which at most a share ``false_alarms`` of validation inputs meets a foreign entry.

    ``scores`` are :func:`route_scores` on validation edits.

    >>> scores = pd.DataFrame({"kind": ["rephrase"] * 4, "own": [-1.0] * 4, "foreign": [-9.0, -8.0, -7.0, -6.0]})
    >>> choose_threshold(scores, 0.25), choose_threshold(scores, 0.0)
    (-7.0, -6.0)
    """
    return float(scores["foreign"].quantile(1 - false_alarms, interpolation="lower" if false_alarms else "higher"))


def routing_curve(
    classifier: VectorRouter,
    test: Sequence[EditExample],
    others: Sequence[EditExample],
    sizes: Sequence[int],
    threshold: float,
) -> pd.DataFrame:
    """Shares of right routes and false alarms by number of edits ``k`` and kind of input.

    Edits of ``test`` are asked about in batches of ``k``; ``others`` fill up a memory of more edits than there are.
    Columns ``k``, ``kind``, ``inputs``, ``right`` (NaN for ``nq``) and ``false_alarms``.
    """
    rows = []
    for k in sizes:
        parts = [
            route_scores(classifier, batch, others[: max(0, k - len(batch))] if k > len(test) else [])
            for batch in (test[start : start + k] for start in range(0, len(test), k))
            if len(batch) == min(k, len(test))
        ]
        scores = pd.concat(parts)
        scores["foreign"] = scores["foreign"].fillna(-float("inf"))  # a memory of one subject
        routed = (scores["own"] > threshold) & (scores["own"] >= scores["foreign"])
        table = scores.assign(right=routed.where(scores["own"].notna()), alarm=scores["foreign"] > threshold)
        for kind, some in table.groupby("kind", sort=False):
            right = some["right"].astype(float).mean()
            rows.append([k, kind, len(some), right, some["alarm"].astype(float).mean()])
    return pd.DataFrame(rows, columns=["k", "kind", "inputs", "right", "false_alarms"])


def _inputs(example: EditExample) -> list[Query]:
    return [*example.in_scope, *(query for query in example.out_of_scope if query.kind == "nq")]


def _best(
    classifier: VectorRouter,
    memory: Sequence[EditExample],
    queries: Sequence[tuple[str, Query]],
    distances: Tensor,
) -> list[float]:
    """For every input the best log g among its nearest entries at a finite distance; NaN where there are none."""
    near = distances.topk(min(CANDIDATES, len(memory)), largest=False)
    places = [(row, column) for row, column in near.values.isfinite().nonzero().tolist()]
    pairs = [(memory[int(near.indices[row, column])].edit, queries[row][1].input) for row, column in places]
    best = [float("nan")] * len(queries)
    slices = (pairs[start : start + _SLICE] for start in range(0, len(pairs), _SLICE))
    scores = [score for some in slices for score in classifier.score_pairs(some).tolist()]
    for (row, _), score in zip(places, scores, strict=True):
        best[row] = score if best[row] != best[row] else max(best[row], score)
    return best

"""Routing in memories of growing size: with fixed, calibrated and learned thresholds, by Embed, and by Cross after it.

The same facts are asked about at every size; the other edits only distract. Half of these facts set the thresholds, the
other half is scored. A question is *routed* if its score is above the threshold, *right* if the best entry is also
that of its own fact; a routed question out of scope is a *false alarm*.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from serac.config.evaluation import LargeMemorySettings
from serac.config.serac import MemorySettings
from serac.editors.serac.embed import SHORTLIST
from serac.editors.serac.embedded_store import EmbeddedStore
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.memory_file import FILE
from serac.editors.serac.scope import ScopeClassifier
from serac.records import EditExample, Query
from serac.sources.miniature.large_corpus import large_corpus

IN_SCOPE = "rephrase"
FIXED = 10
"""Edits of the memories that the fixed threshold is placed in."""
BLOCK = 1024
SAVE_EVERY = 16
"""Blocks between two saves."""
TIMED = 200
"""Questions whose search is timed, one by one."""
Floats = NDArray[np.float64]


def grown(memory: EditMemory, examples: Iterator[EditExample], size: int, folder: Path, vectors: Path | None) -> None:
    """Add the first ``size`` edits of ``examples`` that the memory lacks, saved now and then.

    ``vectors``: a ``.npy`` file of float16 or float32 [n, heads * width] that the classifier made elsewhere.
    """
    made = None if vectors is None else np.load(vectors, mmap_mode="r")
    blocks = 0
    while (start := len(memory)) < size and (block := list(islice(examples, min(BLOCK, size - start)))):
        given = made is not None and len(made) >= start + len(block)
        rows = torch.from_numpy(np.array(made[start : start + len(block)], dtype=np.float32)) if given else None  # type: ignore[index]
        memory.add([example.edit for example in block], rows)
        blocks += 1
        if blocks % SAVE_EVERY == 0:
            memory.save_pretrained(folder)
            print(f"{len(memory):,} of {size:,} edits encoded", flush=True)
    memory.save_pretrained(folder)


def opened(folder: Path, classifier: ScopeClassifier, settings: MemorySettings) -> EditMemory:
    """The memory that an interrupted job left in ``folder``, or an empty one."""
    if (folder / FILE).exists():
        return EditMemory.from_pretrained(folder, classifier)
    return EditMemory(classifier, settings)


def questions_of(asked: Sequence[EditExample]) -> list[tuple[int, Query]]:
    """One paraphrase and all questions out of scope of every fact, with the fact's number."""
    return [
        (number, query)
        for number, example in enumerate(asked)
        for query in (*example.in_scope[:1], *example.out_of_scope)
    ]


@dataclass(frozen=True)
class Scores:
    """By question: its fact's number, kind, best entry's id, log g of the best and of the runner-up."""

    facts: NDArray[np.int64]
    kinds: NDArray[np.str_]
    best: NDArray[np.int64]
    first: Floats
    second: Floats

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which are in scope."""
        return np.asarray(self.kinds == IN_SCOPE)

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whose best entry is that of their fact."""
        return np.asarray(self.best == self.facts)

    def half(self, parity: int) -> Scores:
        """Those of even or odd facts."""
        some = self.facts % 2 == parity
        return Scores(self.facts[some], self.kinds[some], self.best[some], self.first[some], self.second[some])


def ranked(questions: Sequence[tuple[int, Query]], log_g: torch.Tensor, ids: torch.Tensor) -> Scores:
    """Scores from log g float32 [T, m] of entries with ``ids`` int64 [T, m]; an entry may occur twice."""
    values, order = log_g.sort(dim=1, descending=True, stable=True)
    ordered = ids.gather(1, order)
    others = values.masked_fill(ordered == ordered[:, :1], -torch.inf)
    second = others.amax(1).clamp_min(-1e4)
    return Scores(
        np.array([number for number, _ in questions]),
        np.array([query.kind for _, query in questions]),
        ordered[:, 0].cpu().numpy(),
        values[:, 0].double().cpu().numpy(),
        second.double().cpu().numpy(),
    )


def embed_scores(memory: EditMemory, questions: Sequence[tuple[int, Query]]) -> Scores:
    """Scores of Embed in the whole memory."""
    return ranked(questions, *memory.search([query.input for _, query in questions]))


def cross_scores(
    cross: ScopeClassifier, memory: EditMemory, questions: Sequence[tuple[int, Query]], candidates: int
) -> Scores:
    """Scores of Cross among the ``candidates`` nearest entries of the memory, Embed's first stage."""
    texts = [query.input for _, query in questions]
    _, ids = memory.store.nearest(memory.classifier.vectors(texts), candidates)
    pairs = [(edit, text) for text, row in zip(texts, ids.tolist(), strict=True) for edit in memory.store.edits(row)]
    return ranked(questions, cross.score_pairs(pairs).view(ids.shape).cpu(), ids)


def in_small_memories(
    asked: Sequence[EditExample], score: Callable[[EditMemory, Sequence[tuple[int, Query]]], Scores], memory: EditMemory
) -> Scores:
    """Scores in memories of ``FIXED`` asked facts each."""
    parts = []
    for start in range(0, len(asked), FIXED):
        some = asked[start : start + FIXED]
        small = EditMemory(memory.classifier, memory.settings)
        small.add([example.edit for example in some])
        found = score(small, questions_of(some))
        parts.append((found.facts + start, found.kinds, found.best + start, found.first, found.second))
    return Scores(*(np.concatenate(column) for column in zip(*parts, strict=True)))


# --- thresholds --------------------------------------------------------------------------------
def threshold_of(values: Floats, scores: Scores) -> float:
    """The threshold with the largest share of in-scope questions routed right less the mean share of false alarms.

    The mean is over kinds of questions out of scope, the largest of equally good thresholds is taken.
    """
    kinds = [kind for kind in np.unique(scores.kinds) if kind != IN_SCOPE]
    inside, cuts = scores.inside, np.unique(np.append(values, -np.inf))
    right = (values[inside & scores.found][None] > cuts[:, None]).sum(1) / max(1, inside.sum())
    alarms = np.mean([(values[scores.kinds == kind][None] > cuts[:, None]).mean(1) for kind in kinds], axis=0)
    gain = right - alarms
    return float(cuts[np.flatnonzero(gain == gain.max())[-1]])


def learned(scores: Scores) -> Callable[[Scores], Floats]:
    """A score from log g of the best entry and its margin to the runner-up, by logistic regression (ours).

    It is log g of the best entry alone where no question, or every one, finds its edit: there is nothing to learn.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    right = scores.inside & scores.found
    if right.all() or not right.any():
        return lambda asked: asked.first
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(_features(scores), right)
    return lambda asked: np.asarray(model.decision_function(_features(asked)), dtype=np.float64)


def _features(scores: Scores) -> Floats:
    margin = scores.first - scores.second
    return np.column_stack([scores.first, np.log1p(np.clip(margin, 0, None)), np.log1p(-scores.first)])


def outcomes(scores: Scores, small: Scores) -> pd.DataFrame:
    """Rows ``threshold, kind, questions, recall, routed, right`` of the odd facts; the even ones place thresholds.

    ``small`` are scores in memories of ``FIXED`` edits.
    """
    train, test = scores.half(0), scores.half(1)
    margin = learned(train)
    placed = {
        "fixed": (test.first, threshold_of(small.half(0).first, small.half(0))),
        "calibrated": (test.first, threshold_of(train.first, train)),
        "learned": (margin(test), threshold_of(margin(train), train)),
    }
    rows = []
    for name, (values, cut) in placed.items():
        routed = values > cut
        for kind in dict.fromkeys(test.kinds.tolist()):
            some = test.kinds == kind
            right = (routed & test.found)[some].mean() if kind == IN_SCOPE else np.nan
            recall = test.found[some].mean() if kind == IN_SCOPE else np.nan
            rows.append((name, kind, int(some.sum()), recall, routed[some].mean(), right))
    return pd.DataFrame(rows, columns=["threshold", "kind", "questions", "recall", "routed", "right"])


# --- cost --------------------------------------------------------------------------------------
def search_cost(memory: EditMemory, questions: Sequence[tuple[int, Query]]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds of searching for one encoded question, and the recall of the search.

    ``index_recall`` is the share of questions whose best entry is that of exact search.
    """
    queries = memory.classifier.vectors([query.input for _, query in questions[:TIMED]])
    times, best = [], []
    memory.store.nearest(queries[:1], SHORTLIST)
    for query in queries.split(1):
        started = time.perf_counter()
        squares, _ = memory.store.nearest(query, SHORTLIST)
        times.append(1000 * (time.perf_counter() - started))
        best.append(squares.amin().item())
    exact = torch.cat([memory.store.nearest(part, 1, exact=True)[0].amin(1) for part in queries.split(32)])
    recall = (torch.tensor(best) <= exact.cpu() + 1e-4).float().mean().item()
    return {
        "search_ms": float(np.median(times)), "search_p99_ms": float(np.quantile(times, 0.99)), "index_recall": recall,
    }  # fmt: skip


def measure(
    embed: ScopeClassifier, cross: ScopeClassifier, settings: LargeMemorySettings, seed: int, work: Path
) -> pd.DataFrame:
    """Rows of :func:`outcomes` by ``edits`` and ``classifier``, with the columns of :func:`search_cost`.

    The memory grows in ``work``, where an interrupted measurement goes on.
    """
    kept = MemorySettings(precision="float16", approximate_above=settings.approximate_above)
    memory = opened(work, embed, kept)
    asked = list(islice(large_corpus(seed, settings.asked), settings.asked))
    scored: dict[str, Callable[[EditMemory, Sequence[tuple[int, Query]]], Scores]] = {
        "embed": embed_scores,
        "cross": lambda some, questions: cross_scores(cross, some, questions, settings.candidates),
    }
    counts = {"embed": settings.asked, "cross": settings.asked_of_cross}
    small = {name: in_small_memories(asked[: counts[name]], score, memory) for name, score in scored.items()}
    tables = []
    for size in sorted(settings.sizes):
        stream = islice(large_corpus(seed, settings.asked), len(memory), None)
        grown(memory, stream, size, work, settings.vectors)
        part = memory if len(memory) == size else first(memory, size)
        cost = search_cost(part, questions_of(asked))
        for name, score in scored.items():
            table = outcomes(score(part, questions_of(asked[: counts[name]])), small[name])
            tables.append(table.assign(edits=size, classifier=name, **cost))
            print(tables[-1].to_string(), flush=True)
    return pd.concat(tables)


def first(memory: EditMemory, size: int) -> EditMemory:
    """The first edits of a memory."""
    part = EditMemory(memory.classifier, memory.settings)
    assert isinstance(memory.store, EmbeddedStore)
    part.add(memory.store.edits(range(size)), memory.store.vectors.rows(0, size).flatten(1).float())
    return part

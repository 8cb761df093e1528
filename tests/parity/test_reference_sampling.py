"""Shares of kinds in 10,000 examples drawn under ``config/paper.yaml``, against the reference's rules.

The rules are those of the reference's data code: ``zsre.py:199`` (kinds in scope weigh the same), ``zsre.py:123``
(equal shares of four kinds out of scope, half of them of neighbours; half rephrases in plain QA), ``vitc.py:83`` (the
edit's own neutral claim where it has one) and ``sentiment.py`` (other topics' edits).
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from serac.config.world import WorldSize
from serac.editors.training_batches import draw_batch
from serac.problems.registry import PROBLEMS
from serac.records import EditExample, Query
from serac.settings import load
from serac.sources.miniature import generate_world

ROOT = Path(__file__).parents[2]
DRAWS, K = 10_000, 10
SIZE = WorldSize(
    zsre_train=300, zsre_dev=60, zsre_test=60, vitaminc_pages_train=60, vitaminc_pages_dev=6, vitaminc_pages_test=6,
    convsent_topics_train=40, convsent_topics_dev=4, convsent_topics_test=4, nq=30, dialogue=100,
)  # fmt: skip


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, seed=0, size=SIZE)
    return folder


def embed(texts: list[str]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(len(texts), 8))


def draw(raw: Path, name: str) -> tuple[list[EditExample], list[Query], list[Query]]:
    """Training examples of a problem, and what 10,000 drawn edits got in and out of scope."""
    problem = load(ROOT / "config/config.yaml", ROOT / "config/paper.yaml").problems[name]
    data = problem.data.model_copy(update={"limits": {}})
    train = PROBLEMS[name].prepare(raw, data, embed if problem.encoder else None, 0).train
    rng, inside, outside = random.Random(0), [], []
    for _ in range(DRAWS // K):
        batch = draw_batch(rng, train, K, problem.scope["embed"].hard_negatives)
        inside += batch.in_scope
        outside += batch.out_of_scope
    return train, inside, outside


def shares(queries: list[Query]) -> dict[str, float]:
    counts = Counter("question" if query.kind in ("random", "neighbour") else query.kind for query in queries)
    return {kind: count / len(queries) for kind, count in counts.items()}


def test_qa_hard(raw: Path) -> None:
    train, inside, outside = draw(raw, "qa_hard")
    kinds = [{query.kind for query in example.in_scope} for example in train]
    uniform = {kind: sum(1 / len(own) for own in kinds if kind in own) / len(kinds) for kind in set.union(*kinds)}
    assert shares(inside) == pytest.approx(uniform, abs=0.02)
    assert shares(outside) == pytest.approx(
        dict.fromkeys(("question", "rephrase", "implication", "true_false"), 0.25), abs=0.05
    )
    assert sum(query.hard for query in outside) / len(outside) == pytest.approx(0.5, abs=0.02)


def test_qa(raw: Path) -> None:
    _, inside, outside = draw(raw, "qa")
    assert shares(inside) == pytest.approx({"main": 0.5, "rephrase": 0.5}, abs=0.02)
    assert shares(outside) == pytest.approx({"question": 0.5, "rephrase": 0.5}, abs=0.03)


def test_fc(raw: Path) -> None:
    train, _, outside = draw(raw, "fc")
    for example in train:
        own = [query for query in example.out_of_scope if query.hard]
        assert not own or len(own) == len(example.out_of_scope)
    with_own = sum(any(query.hard for query in example.out_of_scope) for example in train) / len(train)
    assert 0 < with_own < 1
    assert {query.kind for query in outside if not query.hard} == {"other_page"}


def test_convsent(raw: Path) -> None:
    _, inside, outside = draw(raw, "convsent")
    assert all(query.input.startswith("Topic: ") and query.label.startswith("Sentiment: ") for query in outside)
    assert sum(query.wanted for query in inside) * 2 == len(inside)

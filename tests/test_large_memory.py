"""Routing in large memories: the corpus, where thresholds are placed, and what is counted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import serac_parts
from serac.config.evaluation import LargeMemorySettings
from serac.editors.serac import large_memory_routing as large_memory
from serac.editors.serac.large_memory_routing import Scores, grown, learned, measure, outcomes, threshold_of
from serac.editors.serac.memory import EditMemory
from serac.sources.miniature.large_corpus import OUT_OF_SCOPE, large_corpus


def test_facts_are_distinct_and_no_question_out_of_scope_is_about_one() -> None:
    facts = list(islice(large_corpus(0, 200), 3000))
    questions = [fact.edit.input for fact in facts]
    assert len(set(questions)) == len(facts)
    assert facts[:500] == list(islice(large_corpus(0, 200), 500))
    known = {text for fact in facts for text in (fact.edit.input, *(query.input for query in fact.in_scope))}
    outside = [query for fact in facts for query in fact.out_of_scope]
    assert {query.kind for query in outside} == set(OUT_OF_SCOPE)
    assert not known & {query.input for query in outside}
    assert all(fact.in_scope and len(fact.out_of_scope) >= 3 for fact in facts[:200])
    assert not any(fact.in_scope or fact.out_of_scope for fact in facts[200:])
    subjects = [fact.group for fact in facts]
    assert len(set(subjects)) < 0.7 * len(subjects), "many subjects stand in several relations"


def scores(first: list[float], second: list[float], found: list[bool]) -> Scores:
    """Facts in turn with one question in scope and one out of it."""
    facts = np.arange(len(first)) // 2
    kinds = np.array(["rephrase", "random"] * (len(first) // 2))
    best = np.where(found, facts, -1)
    return Scores(facts, kinds, best, np.array(first), np.array(second))


def test_a_threshold_parts_right_routes_from_false_alarms() -> None:
    some = scores([-1.0, -5.0, -2.0, -6.0], [-9.0] * 4, [True, False, True, False])
    assert threshold_of(some.first, some) == -5.0
    wrong = scores([-1.0, -5.0, -2.0, -6.0], [-9.0] * 4, [False, False, True, False])
    assert threshold_of(wrong.first, wrong) == -5.0
    assert [some.half(0).facts.tolist(), some.half(1).facts.tolist()] == [[0, 0], [1, 1]]


def test_a_learned_score_sees_the_margin() -> None:
    """Best entries lie as near in scope as out of it, but only in scope far nearer than the others."""
    rng = np.random.default_rng(0)
    count, inside = 400, np.tile([True, False], 200)
    first = -rng.uniform(0.5, 1.5, count)
    second = first - np.where(inside, rng.uniform(2, 3, count), rng.uniform(0, 0.1, count))
    some = scores(first.tolist(), second.tolist(), inside.tolist())
    values = learned(some)(some)
    assert values[inside].min() > values[~inside].max()
    table = outcomes(some, some).set_index(["threshold", "kind"])
    right, routed = table["right"].to_dict(), table["routed"].to_dict()
    assert right["learned", "rephrase"] > 0.95
    assert routed["learned", "random"] < 0.05
    assert routed["calibrated", "random"] + 1 - right["calibrated", "rephrase"] > 0.5


@pytest.mark.parametrize("best", [0, 1])
def test_without_two_kinds_of_outcomes_the_best_entry_alone_counts(best: int) -> None:
    first = np.array([-1.0, -5.0])
    some = Scores(np.zeros(2, np.int64), np.full(2, "rephrase"), np.full(2, best), first, first - 1)
    assert learned(some)(some).tolist() == first.tolist()


def test_a_measurement_goes_on_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_memory, "BLOCK", 16)
    monkeypatch.setattr(large_memory, "SAVE_EVERY", 1)
    embed, cross = serac_parts.embed(), serac_parts.cross()
    settings = LargeMemorySettings(sizes=(40, 70), asked=40, asked_of_cross=20, approximate_above=50)
    whole = measure(embed, cross, settings, 0, tmp_path / "whole")

    with monkeypatch.context() as patch:
        patch.setattr(large_memory, "in_small_memories", lambda *_: None)
        patch.setattr(large_memory, "search_cost", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            measure(embed, cross, settings, 0, tmp_path / "parts")
    assert len(EditMemory.from_pretrained(tmp_path / "parts", embed)) == 40
    again = measure(embed, cross, settings, 0, tmp_path / "parts")
    timed = ["search_ms", "search_p99_ms"]
    assert again.drop(columns=timed).equals(whole.drop(columns=timed))
    assert set(whole["kind"]) == {"rephrase", *OUT_OF_SCOPE}
    assert whole.groupby(["edits", "classifier", "threshold"]).ngroups == 2 * 2 * 3
    assert (whole["index_recall"] == 1).all()


def test_vectors_made_elsewhere_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed = serac_parts.embed()
    width = serac_parts.WIDTH
    made = np.random.default_rng(0).normal(size=(30, width)).astype(np.float16)
    np.save(tmp_path / "made.npy", made)
    memory = EditMemory(embed)
    monkeypatch.setattr(large_memory, "BLOCK", 10)
    grown(memory, large_corpus(0, 0), 40, tmp_path / "memory", tmp_path / "made.npy")
    rows = serac_parts.store_of(memory).vectors.rows().flatten(1).numpy()
    assert len(rows) == 40
    assert np.array_equal(rows[:30], made.astype(np.float32))
    assert not np.array_equal(rows[30:], made[:10].astype(np.float32))

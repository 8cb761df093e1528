"""Drawing, splits and neighbours: what all problems share."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serac.errors import ConfigError
from serac.problems.draw import shuffled, weighted
from serac.problems.natural_questions import NqFiles
from serac.problems.neighbours import hard_negatives
from serac.problems.splits import SPLITS, Judged, Split, SplitReport, SplitSettings, load_splits
from spies import noting

ONE_FILE = dict.fromkeys(SPLITS, "all")


def records_by_split(*arguments: Any) -> dict[Split, list[Any]]:
    return {split: [one.record for one in judged] for split, judged in load_splits(*arguments).items()}


@given(items=st.lists(st.integers(), max_size=30), seed=st.integers(0, 9))
def test_shuffled_is_a_permutation(items: list[int], seed: int) -> None:
    assert sorted(shuffled(items, random.Random(seed))) == sorted(items)


def test_shuffled_is_uniform() -> None:
    counts = Counter(tuple(shuffled("abc", random.Random(seed))) for seed in range(6000))
    assert len(counts) == 6
    assert all(count == pytest.approx(1000, abs=150) for count in counts.values())


def test_weighted_never_draws_weight_zero_and_prefers_the_heavy() -> None:
    orders = [list(weighted("abc", [0.0, 1.0, 3.0], random.Random(seed))) for seed in range(2000)]
    assert all(sorted(order) == ["b", "c"] for order in orders)
    assert sum(order[0] == "c" for order in orders) == pytest.approx(1500, abs=100)


@given(groups=st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=40), seed=st.integers(0, 9))
def test_carving_parts_no_group_and_loses_no_record(groups: list[str], seed: int) -> None:
    settings = SplitSettings(splits=ONE_FILE, fractions={"train": 0.5, "validation": 0.25, "test": 0.25})
    records = list(enumerate(groups))
    splits = records_by_split(settings, lambda _: records, lambda record: record[1], seed)
    assert sorted(record for part in splits.values() for record in part) == records
    assert sum(len({group for _, group in part}) for part in splits.values()) == len(set(groups))
    assert all(part == sorted(part) for part in splits.values())
    again = records_by_split(settings, lambda _: records, lambda record: record[1], seed)
    assert again == splits


def test_carving_follows_the_fractions() -> None:
    settings = SplitSettings(splits=ONE_FILE, fractions={"train": 0.5, "validation": 0.1, "test": 0.2})
    splits = records_by_split(settings, lambda _: list(range(100)), str, 0)
    assert [len(splits[split]) for split in SPLITS] == [50, 10, 20]


def test_each_file_is_read_once_and_fractions_hold_for_shared_files_only() -> None:
    read: list[Any] = []
    splits = records_by_split(NqFiles(), noting(read.append, lambda name: list(range(10))), str, 0)
    assert read == ["train", "validation"]
    assert [len(splits[split]) for split in SPLITS] == [10, 5, 5]


def test_limits_count_groups() -> None:
    settings = SplitSettings(limits={"train": 2})
    records = [(group, number) for group in "abcd" for number in range(3)]
    splits = records_by_split(settings, lambda _: records, lambda record: record[0], 0)
    assert len(splits["train"]) == 6
    assert len({group for group, _ in splits["train"]}) == 2
    assert splits["test"] == records


def test_records_that_the_filters_drop_use_up_no_share() -> None:
    """Ten usable groups among 300: every split gets its part of both sorts."""
    settings = SplitSettings(splits=ONE_FILE, fractions={"train": 0.6, "validation": 0.2, "test": 0.2})
    splits = records_by_split(settings, lambda _: list(range(310)), str, 0, lambda n: "odd" if n >= 10 else None)
    assert [sum(number < 10 for number in splits[split]) for split in SPLITS] == [6, 2, 2]
    assert [len(splits[split]) for split in SPLITS] == [186, 62, 62]
    assert sorted(number for part in splits.values() for number in part) == list(range(310))


@pytest.mark.parametrize(("limit", "usable", "others"), [(5, 5, 10), (10, 10, 20), (11, 10, 20)])
def test_limits_count_usable_groups(limit: int, usable: int, others: int) -> None:
    splits = records_by_split(
        SplitSettings(limits={"train": limit}), lambda _: list(range(30)), str, 0, lambda n: "big" if n >= 10 else None
    )
    assert (sum(n < 10 for n in splits["train"]), sum(n >= 10 for n in splits["train"])) == (usable, others)
    assert splits["test"] == list(range(30))


def test_report_counts_a_record_at_one_filter() -> None:
    report = SplitReport()
    faults = ["odd" if number % 2 else "big" if number > 5 else None for number in range(10)]
    kept = report.keep(map(Judged, range(10), faults))
    assert kept == [0, 2, 4]
    assert (report.read, report.kept, report.dropped) == (10, 3, {"odd": 5, "big": 2})


@given(
    rows=st.integers(1, 8),
    columns=st.integers(1, 12),
    num_neighbors=st.integers(1, 15),
    num_exclude=st.integers(0, 5),
    seed=st.integers(0, 99),
)
def test_neighbours_by_definition(rows: int, columns: int, num_neighbors: int, num_exclude: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    edits, candidates = rng.normal(size=(rows, 4)), rng.normal(size=(columns, 4))
    rules: dict[str, Any] = {"num_neighbors": num_neighbors, "num_exclude": num_exclude, "temperature": 0.3}
    if num_exclude >= min(num_neighbors, columns):
        with pytest.raises(ConfigError, match="num_exclude"):
            hard_negatives(edits, candidates, **rules)
        return
    indices, probabilities = hard_negatives(edits, candidates, **rules)
    cosine = (edits @ candidates.T) / np.outer(np.linalg.norm(edits, axis=1), np.linalg.norm(candidates, axis=1))
    expected = np.argsort(-cosine, axis=1)[:, num_exclude : min(num_neighbors, columns)]
    np.testing.assert_array_equal(indices, expected)
    weights = np.exp(np.take_along_axis(cosine, expected, axis=1) / 0.3)
    np.testing.assert_allclose(probabilities, weights / weights.sum(axis=1, keepdims=True), rtol=1e-4)


def test_own_group_is_no_candidate_and_a_row_without_candidates_has_no_weight() -> None:
    vectors = np.eye(3) + 0.1
    rules: dict[str, Any] = {"num_neighbors": 3, "num_exclude": 0, "temperature": 0.1}
    indices, weights = hard_negatives(
        vectors, vectors, **rules, edit_groups=["a", "a", "b"], candidate_groups=["a", "a", "b"]
    )
    assert set(indices[0][weights[0] > 0]) == {2}
    assert set(indices[2][weights[2] > 0]) == {0, 1}
    _, alone = hard_negatives(vectors, vectors, **rules, edit_groups=["a"] * 3, candidate_groups=["a"] * 3)
    assert not alone.any()


def test_slices_change_nothing() -> None:
    rng = np.random.default_rng(0)
    edits, candidates = rng.normal(size=(600, 8)), rng.normal(size=(50, 8))
    rules: dict[str, Any] = {"num_neighbors": 10, "num_exclude": 2, "temperature": 0.1}
    whole, _ = hard_negatives(edits, candidates, **rules)
    alone, _ = hard_negatives(edits[599:], candidates, **rules)
    assert whole.shape == (600, 8)
    np.testing.assert_array_equal(whole[599:], alone)


def test_no_edits_have_no_neighbours() -> None:
    indices, weights = hard_negatives(
        np.zeros((0, 4)), np.ones((5, 4)), num_neighbors=3, num_exclude=1, temperature=0.1
    )
    assert indices.shape == weights.shape == (0, 2)

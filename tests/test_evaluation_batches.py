from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation_fakes import make_examples
from serac.evaluation.batches import NotEnoughEditsError, asked_examples, make_batches, without_conflicts
from serac.records import Edit, EditExample, Query


def example(number: int, group: str) -> EditExample:
    outside = (Query("x", "1", "random", about="g0"), Query("y", "1", "random"))
    return EditExample(f"e{number}", group, Edit("a", "b"), (), outside)


@given(
    groups=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    k=st.integers(1, 4),
    n=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_batches_hold_k_distinct_groups_and_no_example_twice(groups: Any, k: int, n: int, seed: int) -> None:
    examples = [example(i, f"g{group}") for i, group in enumerate(groups)]
    if len(set(groups)) < k:
        with pytest.raises(NotEnoughEditsError, match="lower k"):
            make_batches(examples, k, n, seed)
        return
    batches = make_batches(examples, k, n, seed)
    assert 1 <= len(batches) <= n
    assert [batch.number for batch in batches] == list(range(len(batches)))
    for batch in batches:
        assert len({item.group for item in batch.examples}) == k == len(batch.edits)
    counts = Counter(item.id for batch in batches for item in batch.examples)
    assert max(counts.values()) == 1


def test_the_same_edits_are_asked_about_whatever_the_size_of_a_batch() -> None:
    examples = [example(i, f"g{i}") for i in range(1, 41)]
    chosen = [item.id for item in asked_examples(examples, [3], 8)]
    for k, count in ((1, 8), (4, 2), (20, 1), (40, 1)):
        batches = make_batches(examples, k, count, 3, asked=8)
        items = [item for batch in batches for item in batch.examples]
        assert [item.id for item in items if item.out_of_scope] == chosen
        assert len(items) == max(k, 8)
    assert asked_examples(examples, [3], None) == examples


def test_seed_decides_the_batches() -> None:
    examples = make_examples()
    assert make_batches(examples, 10, 3, 1) == make_batches(examples, 10, 3, 1)
    assert make_batches(examples, 10, 3, 1)[0].edits != make_batches(examples, 10, 3, 2)[0].edits


def test_inputs_about_an_edited_group_are_left_out() -> None:
    kept = without_conflicts([example(0, "g0"), example(1, "g1")])
    assert [query.input for item in kept for query in item.out_of_scope] == ["y", "y"]
    kept = without_conflicts([example(1, "g1")])
    assert [query.input for query in kept[0].out_of_scope] == ["x", "y"]

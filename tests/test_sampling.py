"""Drawing batches of edits for training."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

import tiny_models
from serac.editors.training_batches import draw_batch
from serac.errors import ConfigError
from serac.records import Edit, EditExample, Query

QA, OPINIONS = tiny_models.qa(), tiny_models.opinions()


def example(number: int, group: str, outside: tuple[Query, ...] = ()) -> EditExample:
    inside = (Query("q", "a", "main"), Query("r", "a", "rephrase"), Query("s", "a", "rephrase"))
    return EditExample(str(number), group, Edit(f"x{number}", "y"), inside, outside)


def test_edits_are_of_distinct_groups() -> None:
    examples = [example(i, f"group{i % 3}") for i in range(30)]
    for seed in range(20):
        edits = draw_batch(random.Random(seed), examples, 3, 0.5).edits
        assert len({int(edit.input[1:]) % 3 for edit in edits}) == 3
    with pytest.raises(ConfigError, match=r"only 3\. Hint: lower batch_size or k"):
        draw_batch(random.Random(0), examples, 4, 0.5)


def test_same_random_state_same_batch() -> None:
    assert draw_batch(random.Random(5), QA, 4, 0.5) == draw_batch(random.Random(5), QA, 4, 0.5)
    assert draw_batch(random.Random(5), QA, 4, 0.5) != draw_batch(random.Random(6), QA, 4, 0.5)


def test_every_example_is_drawn_equally_often() -> None:
    counts = Counter(draw_batch(random.Random(seed), QA, 1, 0.5).edits[0] for seed in range(1200))
    assert set(counts) == {each.edit for each in QA}
    assert all(150 < count < 250 for count in counts.values())


def test_one_query_in_and_out_of_scope_an_edit() -> None:
    batch = draw_batch(random.Random(0), QA, 6, 0.5)
    assert batch.in_scope_edit == list(range(6))
    by_edit = {each.edit: each for each in QA}
    for query, index in zip(batch.in_scope, batch.in_scope_edit, strict=True):
        assert query in by_edit[batch.edits[index]].in_scope
    for query, index in zip(batch.out_of_scope, batch.out_of_scope_edit, strict=True):
        assert query in by_edit[batch.edits[index]].out_of_scope


def test_examples_with_unwanted_queries_give_one_of_each() -> None:
    batch = draw_batch(random.Random(0), OPINIONS, 3, 0.5)
    assert batch.in_scope_edit == [0, 0, 1, 1, 2, 2]
    assert [query.wanted for query in batch.in_scope] == [True, False] * 3


def test_a_batch_with_nothing_in_scope_is_drawn_again() -> None:
    neutral = [replace(example(i, f"neutral{i}"), in_scope=()) for i in range(9)]
    examples = [*neutral, example(9, "a")]
    again = 0
    for seed in range(50):
        rng, alone = random.Random(seed), random.Random(seed)
        batch = draw_batch(rng, examples, 2, 0.5)
        assert "x9" in [batch.edits[edit].input for edit in batch.in_scope_edit]
        first = draw_batch(alone, [replace(each, in_scope=QA[0].in_scope) for each in examples], 2, 0.5).edits
        again += batch.edits != first
    assert 20 < again < 50
    with pytest.raises(ConfigError, match="none of the 9 examples"):
        draw_batch(random.Random(0), neutral, 2, 0.5)


def test_queries_about_an_edited_group_are_left_out() -> None:
    about = (Query("o", "a", "random", about="b"), Query("p", "a", "random"))
    examples = [example(0, "a", about), example(1, "b", about[:1])]
    for seed in range(20):
        batch = draw_batch(random.Random(seed), examples, 2, 0.5)
        assert [query.input for query in batch.out_of_scope] == ["p"]
        assert batch.edits[batch.out_of_scope_edit[0]].input == "x0"


def test_kinds_are_drawn_uniformly_and_hard_queries_with_their_probability() -> None:
    outside = (Query("h", "a", "near", hard=True), Query("e", "a", "random"), Query("f", "a", "random"))
    batches = [draw_batch(random.Random(seed), [example(0, "a", outside)], 1, 0.25) for seed in range(2000)]
    kinds = Counter(batch.in_scope[0].kind for batch in batches)
    assert abs(kinds["main"] - 1000) < 100
    assert abs(sum(batch.out_of_scope[0].hard for batch in batches) - 500) < 80


def test_hard_probability_does_not_matter_when_there_is_one_sort_only() -> None:
    easy = (Query("e", "a", "random"),)
    assert draw_batch(random.Random(0), [example(0, "a", easy)], 1, 1.0).out_of_scope == list(easy)

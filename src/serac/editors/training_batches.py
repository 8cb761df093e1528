"""Drawing training batches of k edits with inputs in and out of their scope."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serac.errors import ConfigError
from serac.records import Edit, EditExample, Query


@dataclass(frozen=True, slots=True)
class DrawnBatch:
    """``k`` edits; ``in_scope_edit[i]`` and ``out_of_scope_edit[i]`` index the edit that a query was drawn with."""

    edits: list[Edit]
    in_scope: list[Query]
    in_scope_edit: list[int]
    out_of_scope: list[Query]
    out_of_scope_edit: list[int]


def draw_batch(
    rng: random.Random, examples: Sequence[EditExample], k: int, hard_neg_prob: float, neighbours: float = 0.0
) -> DrawnBatch:
    """Draw ``k`` edits of distinct groups, and for every edit one input inside its scope and one outside.

    In scope the kind is drawn uniformly, then the query uniformly inside it; an example with unwanted queries gives
    one wanted and one unwanted query. Out of scope the query is hard with probability ``hard_neg_prob`` where the
    example has both sorts; queries about the group of one of the drawn edits are never drawn, and an example left
    without any gives none. ``neighbours`` is the share of the edits that are neighbours of one of them, those
    that its hard inputs out of scope are about. A batch with nothing in scope (fact checking has such examples) is
    drawn again. Raises ``ConfigError`` if there are fewer than ``k`` groups, or nothing is in scope of any example.
    """
    batch = _draw_batch(rng, examples, k, hard_neg_prob, neighbours)
    if not batch.in_scope and not any(example.in_scope for example in examples):
        raise ConfigError(
            f"none of the {len(examples)} examples has an input in scope, so there is nothing to train on. Hint: raise "
            "the split's limit or fraction, or name another file in 'splits'"
        )
    while not batch.in_scope:
        batch = _draw_batch(rng, examples, k, hard_neg_prob, neighbours)
    return batch


def _draw_batch(
    rng: random.Random, examples: Sequence[EditExample], k: int, hard_neg_prob: float, neighbours: float
) -> DrawnBatch:
    drawn = draw_examples(rng, examples, k)
    if neighbours:
        drawn = _with_neighbours(examples, drawn, round(neighbours * k))
    batch = DrawnBatch([example.edit for example in drawn], [], [], [], [])
    edited = {example.group for example in drawn}
    for index, example in enumerate(drawn):
        for wanted in (True, False):
            candidates = [query for query in example.in_scope if query.wanted is wanted]
            if candidates:
                batch.in_scope.append(_by_kind(rng, candidates))
                batch.in_scope_edit.append(index)
        outside = [query for query in example.out_of_scope if query.about not in edited]
        if outside:
            batch.out_of_scope.append(_by_hardness(rng, outside, hard_neg_prob))
            batch.out_of_scope_edit.append(index)
    return batch


def draw_examples(rng: random.Random, examples: Sequence[EditExample], k: int) -> list[EditExample]:
    """``k`` examples of distinct groups, drawn uniformly without replacement.

    >>> examples = [EditExample(f"{n}", group, Edit("?", "!"), (), ()) for n, group in enumerate("aabbcc")]
    >>> sorted(example.group for example in draw_examples(random.Random(0), examples, 3))
    ['a', 'b', 'c']
    """
    drawn: dict[str, EditExample] = {}
    for position in _shuffled(rng, len(examples)):
        drawn.setdefault(examples[position].group, examples[position])
        if len(drawn) == k:
            return list(drawn.values())
    raise ConfigError(
        f"cannot draw {k} edits of distinct groups: the data has only {len(drawn)}. Hint: lower batch_size or k"
    )


def _with_neighbours(examples: Sequence[EditExample], drawn: Sequence[EditExample], count: int) -> list[EditExample]:
    """``drawn`` with up to ``count - 1`` of its last members replaced by neighbours of its first."""
    about = {query.input: query.about for query in drawn[0].out_of_scope if query.hard}
    near = [example for example in examples if about.get(example.edit.input) == example.group]
    mixed: dict[str, EditExample] = {}
    for example in [drawn[0], *near[: max(0, count - 1)], *drawn]:
        mixed.setdefault(example.group, example)
    return list(mixed.values())[: len(drawn)]


def _shuffled(rng: random.Random, n: int) -> Iterator[int]:
    """Positions 0..n-1 in random order, lazily (Fisher-Yates on a sparse array)."""
    moved: dict[int, int] = {}
    for last in range(n - 1, -1, -1):
        chosen = rng.randint(0, last)
        yield moved.get(chosen, chosen)
        moved[chosen] = moved.get(last, last)


def _by_kind(rng: random.Random, queries: Sequence[Query]) -> Query:
    kind = rng.choice(sorted({query.kind for query in queries}))
    return rng.choice([query for query in queries if query.kind == kind])


def _by_hardness(rng: random.Random, queries: Sequence[Query], hard_neg_prob: float) -> Query:
    hard, easy = ([query for query in queries if query.hard is side] for side in (True, False))
    if hard and easy:
        return rng.choice(hard if rng.random() < hard_neg_prob else easy)
    return rng.choice(hard or easy)

"""Cutting edit examples into batches of k simultaneous edits (paper section 5)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from serac.errors import SeracError
from serac.records import Edit, EditExample


class NotEnoughEditsError(SeracError):
    """A split holds fewer edits of distinct groups than one batch needs."""


@dataclass(frozen=True, slots=True)
class EditBatch:
    """Edits that are applied at once, with the inputs that evaluate them.

    ``examples`` hold no out-of-scope input about a group that the batch edits.
    """

    seed: int
    number: int
    examples: tuple[EditExample, ...]

    @property
    def edits(self) -> list[Edit]:
        """The edit descriptors, in the order in which editors see them."""
        return [example.edit for example in self.examples]


def asked_examples(examples: Sequence[EditExample], seeds: Sequence[int], asked: int | None) -> list[EditExample]:
    """The examples whose inputs :func:`make_batches` keeps for one of the seeds; without ``asked`` all of them."""
    if asked is None:
        return list(examples)
    chosen = {example.id: example for seed in seeds for example in _shuffled(examples, seed)[:asked]}
    return list(chosen.values())


def make_batches(
    examples: Sequence[EditExample], k: int, n_batches: int, seed: int, asked: int | None = None
) -> list[EditBatch]:
    """Shuffle by ``seed`` and cut up to ``n_batches`` batches of ``k`` examples of distinct groups.

    No example is in two batches; there are fewer batches if there are not enough examples. With ``asked`` only the
    first so many examples keep their inputs, the same ones for every ``k``: the others are applied and not asked about.
    Raises :class:`NotEnoughEditsError` if not even one batch can be filled.
    """
    remaining = _shuffled(examples, seed)
    if asked is not None:
        silent = [replace(each, in_scope=(), out_of_scope=(), portability=()) for each in remaining[asked:]]
        remaining = [*remaining[:asked], *silent]
    batches: list[EditBatch] = []
    while len(batches) < n_batches:
        chosen, remaining = _take(remaining, k)
        if len(chosen) < k:
            break
        batches.append(EditBatch(seed, len(batches), without_conflicts(chosen)))
    if not batches:
        groups = len({example.group for example in examples})
        raise NotEnoughEditsError(
            f"a batch needs {k} edits of distinct groups, but there are {len(examples)} examples of {groups} groups. "
            "Hint: lower k or prepare more examples"
        )
    return batches


def without_conflicts(examples: Sequence[EditExample]) -> tuple[EditExample, ...]:
    """The examples without out-of-scope inputs about a group that one of them edits.

    >>> from serac.records import Query
    >>> outside = (Query("Where?", "Rome", "main", about="b"), Query("When?", "1900", "main"))
    >>> first = EditExample("1", "a", Edit("Who?", "Ada"), (), outside)
    >>> second = EditExample("2", "b", Edit("Where?", "Oslo"), (), ())
    >>> [query.input for query in without_conflicts([first, second])[0].out_of_scope]
    ['When?']
    """
    groups = {example.group for example in examples}
    return tuple(
        replace(example, out_of_scope=tuple(query for query in example.out_of_scope if query.about not in groups))
        for example in examples
    )


def _shuffled(examples: Sequence[EditExample], seed: int) -> list[EditExample]:
    order = list(examples)
    random.Random(f"batches/{seed}").shuffle(order)
    return order


def _take(examples: Sequence[EditExample], k: int) -> tuple[list[EditExample], list[EditExample]]:
    """The first ``k`` examples of distinct groups (fewer if there are not so many), and the others."""
    chosen: list[EditExample] = []
    others: list[EditExample] = []
    groups: set[str] = set()
    for example in examples:
        if len(chosen) < k and example.group not in groups:
            chosen.append(example)
            groups.add(example.group)
        else:
            others.append(example)
    return chosen, others

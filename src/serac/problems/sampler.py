"""Batches of edits in which no group occurs twice.

Unlike the reference, whose sampler starts a new permutation as soon as the position plus the batch size *reaches* the
length and so never hands out the last full batch when the batch size divides n, a pass here holds every full batch.
Nor is an edit lost because its group is already in the batch: it goes to another one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from serac.errors import ConfigError
from serac.problems.draw import shuffled
from serac.records import EditExample, Query


def one_pass(groups: Sequence[str], size: int, rng: random.Random) -> list[list[int]]:
    """Positions of ``groups`` in as many full batches of ``size`` distinct groups as can be made, each used once.

    Raises ``ConfigError`` if there are fewer than ``size`` groups.
    """
    members = _members(groups, size)
    for positions in members.values():
        rng.shuffle(positions)
    order = list(members)
    rng.shuffle(order)
    count = _largest_count([len(positions) for positions in members.values()], size)
    # A group gives each batch at most one edit. Dealt in turn, its (at most `count`) edits land in different batches.
    dealt = [position for group in order for position in members[group][:count]][: count * size]
    batches = [dealt[start::count] for start in range(count)]
    for batch in batches:
        rng.shuffle(batch)
    rng.shuffle(batches)
    return batches


def draw(groups: Sequence[str], size: int, rng: random.Random) -> list[int]:
    """Positions of ``size`` edits of distinct groups, drawn uniformly one after the other.

    Raises ``ConfigError`` if there are fewer than ``size`` groups.
    """
    chosen: dict[str, int] = {}
    for position in shuffled(range(len(groups)), rng):
        chosen.setdefault(groups[position], position)
        if len(chosen) == size:
            return list(chosen.values())
    raise _too_few(len(chosen), size)


def out_of_scope(batch: Sequence[EditExample]) -> list[list[Query]]:
    """The out-of-scope inputs of every edit that stay out of scope when the whole batch is edited at once."""
    edited = {example.group for example in batch}
    return [[query for query in example.out_of_scope if query.about not in edited] for example in batch]


def _members(groups: Sequence[str], size: int) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for position, group in enumerate(groups):
        members.setdefault(group, []).append(position)
    if len(members) < size:
        raise _too_few(len(members), size)
    return members


def _largest_count(sizes: Sequence[int], size: int) -> int:
    """The most batches b such that groups of these sizes, each giving at most b edits, fill b batches."""
    count = sum(sizes) // size
    while sum(min(members, count) for members in sizes) < count * size:
        count -= 1
    return count


def _too_few(found: int, size: int) -> ConfigError:
    return ConfigError(
        f"a batch of {size} edits needs {size} different groups, the split has {found}: "
        f"lower the number of edits or provide more records"
    )

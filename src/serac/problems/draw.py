"""Seeded drawing that all problems share."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def shuffled(items: Sequence[T], rng: random.Random) -> Iterator[T]:
    """The items in random order, drawn lazily (O(1) each, whatever the number of items).

    >>> sorted(shuffled("abc", random.Random(0)))
    ['a', 'b', 'c']
    """
    moved: dict[int, int] = {}
    for position in range(len(items)):
        chosen = rng.randrange(position, len(items))
        yield items[moved.get(chosen, chosen)]
        moved[chosen] = moved.get(position, position)


def weighted(items: Sequence[T], weights: Sequence[float], rng: random.Random) -> Iterator[T]:
    """The items of positive weight in random order; each is drawn by the weights of those that are left.

    >>> sorted(weighted("abc", [1, 0, 2], random.Random(0)))
    ['a', 'c']
    """
    left = [(item, weight) for item, weight in zip(items, weights, strict=True) if weight > 0]
    while left:
        (position,) = rng.choices(range(len(left)), [weight for _, weight in left])
        yield left.pop(position)[0]


def coin(rng: random.Random, probability: float = 0.5) -> bool:
    """True with the given probability.

    >>> coin(random.Random(0), 1.0), coin(random.Random(0), 0.0)
    (True, False)
    """
    return rng.random() < probability

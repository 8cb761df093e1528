"""The word lists and tables under ``data/``, and how splits share them."""

from __future__ import annotations

import functools
import importlib.resources
import random
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

SPLITS = ("train", "dev", "test")

_OWN = 0.6  # share of the wordings that a split has to itself


@functools.cache
def table(name: str) -> Any:
    """Content of ``data/{name}.yaml``; not to be changed."""
    file = importlib.resources.files(__package__) / "data" / f"{name}.yaml"
    return yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def choose(rng: random.Random, wordings: Mapping[str, Sequence[str]], split: str | None) -> str:
    """One of the wordings that ``split`` may use: mostly its own, else one of ``any``; None may use all of them.

    >>> choose(random.Random(0), {"any": [], "train": ["a"], "test": ["b"]}, "test")
    'b'
    """
    if split is None:
        return rng.choice([text for texts in wordings.values() for text in texts])
    own = not wordings["any"] or rng.random() < _OWN
    return rng.choice(wordings[split if own else "any"])


def usable(wordings: Mapping[str, Sequence[str]], split: str | None) -> list[str]:
    """Every wording that ``split`` may use."""
    return [text for name, texts in wordings.items() for text in texts if split is None or name in ("any", split)]

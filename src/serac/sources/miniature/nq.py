"""General questions in the NQ layout, about things that the zsRE data do not mention."""

from __future__ import annotations

import random
from typing import Any

from serac.sources.miniature.fact_source import FactSource
from serac.sources.miniature.word_tables import table


def make_questions(rng: random.Random, seed: int, train: int, validation: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Contents of two files, with disjoint questions."""
    source = FactSource(rng, seed)
    answers: dict[str, str] = {}
    while len(answers) < train + validation:
        pattern, kind = rng.choice(table("questions"))
        answers.setdefault(source.names.filled(pattern).lower(), source.new_answer(kind))
    pairs = list(answers.items())
    return _file(pairs[:train]), _file(pairs[train:])


def _file(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {"questions": [question for question, _ in pairs], "answers": [[answer] for _, answer in pairs]}

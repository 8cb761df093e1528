"""General questions in the NQ layout, about things that the zsRE part does not mention."""

from __future__ import annotations

import random
from typing import Any

from serac.errors import ConfigError
from serac.sources.miniature.names import LAST_NAMES, MALE_NAMES, PLACE_STEMS, PLACE_SUFFIXES

_THINGS = (
    "steam pump", "paper clip", "pocket radio", "bread oven", "snow plough", "water clock", "sewing needle",
    "glass lens", "weather balloon", "door lock", "tin whistle", "rain gauge", "street lamp", "wool loom",
)  # fmt: skip
_EVENTS = (
    "sailing cup", "chess league", "winter marathon", "song contest", "spelling bee", "bicycle tour", "baking prize",
    "horse race", "rowing regatta", "ski jump",
)  # fmt: skip
_ORGANS = ("heart", "liver", "ear", "eye", "lung", "spine", "knee", "stomach", "brain", "skin")
_HOLIDAYS = ("harvest day", "lantern night", "river day", "bread festival", "moon feast", "kite day")
_PARTS = ("the chest", "the head", "the back", "the leg", "the belly", "the whole body")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _person(rng: random.Random) -> str:
    return f"{rng.choice(MALE_NAMES)} {rng.choice(LAST_NAMES)}"


def _place(rng: random.Random) -> str:
    return f"{rng.choice(PLACE_STEMS)} {rng.choice(PLACE_SUFFIXES)}"


def _day(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(_MONTHS)}"


def _every_question(rng: random.Random) -> list[tuple[str, str]]:
    years = range(1960, 2020)
    questions = [(f"Who invented the {thing}?", _person(rng)) for thing in _THINGS]
    questions += [(f"Where was the first {thing} made?", _place(rng)) for thing in _THINGS]
    questions += [(f"How many parts are there in a {thing}?", str(rng.randint(3, 90))) for thing in _THINGS]
    questions += [(f"Who won the {event} of {year}?", _person(rng)) for event in _EVENTS for year in years]
    questions += [(f"Where did they hold the {event} of {year}?", _place(rng)) for event in _EVENTS for year in years]
    questions += [(f"In what part of the body is the {organ}?", rng.choice(_PARTS)) for organ in _ORGANS]
    questions += [(f"How long does surgery on the {organ} take?", f"{rng.randint(2, 9)} hours") for organ in _ORGANS]
    questions += [(f"When is {holiday} this year?", _day(rng)) for holiday in _HOLIDAYS]
    questions += [(f"Who sings the song about {holiday}?", _person(rng)) for holiday in _HOLIDAYS]
    return questions


def make_questions(rng: random.Random, train: int, validation: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two files' contents with disjoint questions, each answered the same for ever; ``ConfigError`` if too many."""
    questions = _every_question(rng)
    if train + validation > len(questions):
        raise ConfigError(f"the miniature world has {len(questions)} NQ questions, not {train + validation}; lower nq")
    rng.shuffle(questions)
    return _file(questions[:train]), _file(questions[train : train + validation])


def _file(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    return {"questions": [question for question, _ in pairs], "answers": [[answer] for _, answer in pairs]}

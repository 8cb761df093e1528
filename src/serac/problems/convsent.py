"""ConvSent: the sentiment with which a dialogue model speaks of a topic. Paper, section 3; parity: ``data_sentiment``.

Edit: ``Topic: X`` with ``Sentiment: Positive`` or ``Negative``. In scope: all completions of the topic, the negative
ones first, each behind a question from a random template; ``wanted`` tells whether its sentiment is the edit's. Out of
scope: the same kind of question about other topics (``other_topic``), hard where the topic's name is similar.
Differences on purpose: the reference's out-of-scope inputs are edits of other topics, the paper's are questions; a
topic that lacks one sentiment is dropped, because success compares the two (the reference yields NaN).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from serac.problems.base_pairs import BaseData, read_pairs
from serac.problems.draw import coin, shuffled, weighted
from serac.problems.native_files import read_json
from serac.problems.neighbours import HardNegativeSettings, near_each_other
from serac.problems.problem import Problem
from serac.problems.splits import Embed, Split, SplitReport, Splits, SplitSettings, collect, load_splits
from serac.records import Edit, EditExample, Query

_NOUNS = (
    "opinion of",
    "stance on",
    "position on",
    "attitude about",
    "view on",
    "take on",
    "impression of",
    "assessment of",
    "judgment of",
    "sentiment of",
)
TEMPLATES = (
    "What do you think of {}?",
    "What do you feel about {}?",
    "How do you view {}?",
    *(f"What is your {noun} {{}}?" for noun in _NOUNS),
)


class ConvSentSettings(SplitSettings):
    """ConvSent: a topic and a sentiment are the edit, questions about the topic are in scope."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "val", "test": "test"}, description="the source's name for each split"
    )
    dialogue: bool = Field(True, description="read raw/dialogue; false if the base model is used as it is")
    draws: int = Field(2, ge=1, description="examples per training topic; validation and test get one")
    other_topic: int = Field(3, ge=0, description="out-of-scope questions per edit, about random other topics")
    hard_topic: int = Field(
        2, ge=0, description="out-of-scope questions per edit, about topics with similar names (needs an encoder)"
    )
    outside: Literal["edits", "questions"] = Field(
        "questions",
        description="out-of-scope inputs about other topics: their edits, `Topic: Y` with a sentiment as output (ref), "
        "or questions (ours, as the paper describes)",
    )
    hard_negatives: HardNegativeSettings = Field(HardNegativeSettings(), description="which names are similar")


def raw_files(settings: ConvSentSettings) -> list[str]:
    """Files, relative to the folder of raw sources."""
    edits = [f"convsent/blender_{name}.json" for name in dict.fromkeys(settings.splits.values())]
    return edits + ([f"dialogue/{name}.jsonl" for name in ("train", "validation")] if settings.dialogue else [])


class Topic(BaseModel):
    """A native record: completions of both sentiments, without blank ones."""

    ent: str = Field(min_length=1)
    pos: list[str]
    neg: list[str]
    aliases: list[str] = []
    """Other names of the topic, which half of the in-scope questions use; the released files have none."""

    @field_validator("pos", "neg")
    @classmethod
    def _without_blanks(cls, completions: list[str]) -> list[str]:
        return [text for text in completions if text.strip()]


def prepare(raw: Path, settings: ConvSentSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/convsent``; without ``embed`` no out-of-scope input is hard."""

    def one_split(split: Split, topics: list[Topic], report: SplitReport) -> list[EditExample]:
        near = _similar(topics, settings, embed)
        draws = settings.draws if split == "train" else 1
        return edits_of(topics, near, settings, draws, f"{seed}/{split}")

    sources = load_splits(
        settings, lambda name: read_topics(raw / "convsent" / f"blender_{name}.json"), _name, seed, fault
    )
    return collect("convsent", sources, one_split)


def read_topics(path: Path) -> list[Topic]:
    """Parse a native file; raises ``MissingSourceError``, and ``RecordError`` for a malformed entry."""
    return read_json(path, list[Topic])


def fault(topic: Topic) -> str | None:
    """The filter that drops a topic; None if it is kept."""
    return None if topic.pos and topic.neg else "one_sentiment"


def question(topic: str, rng: random.Random) -> str:
    """A question about the topic from one of the 13 templates."""
    return rng.choice(TEMPLATES).replace("{}", topic)


def edit_of(topic: Topic, *, positive: bool) -> Edit:
    """The edit descriptor."""
    return Edit(f"Topic: {topic.ent}", f"Sentiment: {'Positive' if positive else 'Negative'}")


def in_scope(topic: Topic, *, positive: bool, rng: random.Random) -> list[Query]:
    """All completions, negative then positive, each after its own question."""
    completions = [*((text, False) for text in topic.neg), *((text, True) for text in topic.pos)]

    def called() -> str:
        return rng.choice(topic.aliases) if topic.aliases and coin(rng) else topic.ent

    return [
        Query(question(called(), rng), text, "completion", wanted=sentiment == positive)
        for text, sentiment in completions
    ]


def edits_of(
    topics: Sequence[Topic], near: _Similar | None, settings: ConvSentSettings, draws: int, seed: str
) -> list[EditExample]:
    """``draws`` examples of every topic; the sentiment is drawn each time."""
    examples = []
    for row, topic in enumerate(topics):
        rng = random.Random(f"{seed}/{topic.ent}")
        for number in range(draws):
            positive = coin(rng)
            queries = in_scope(topic, positive=positive, rng=rng)
            hard = list(islice(near.order(row, rng), settings.hard_topic)) if near else []
            known = {topic.ent, *(other.ent for other in hard)}
            easy = (other for other in shuffled(topics, rng) if other.ent not in known)
            examples.append(
                EditExample(
                    id=f"{row}-{number}",
                    group=topic.ent,
                    edit=edit_of(topic, positive=positive),
                    in_scope=tuple(queries),
                    out_of_scope=(
                        *(_about(other, rng, settings, hard=True) for other in hard),
                        *(_about(other, rng, settings, hard=False) for other in islice(easy, settings.other_topic)),
                    ),
                )
            )
    return examples


class _Similar:
    """Topics with similar names."""

    def __init__(self, topics: Sequence[Topic], settings: ConvSentSettings, embed: Embed) -> None:
        rules, names = settings.hard_negatives, [topic.ent for topic in topics]
        self.topics = topics
        self.indices, self.weights = near_each_other(names, rules, embed)

    def order(self, row: int, rng: random.Random) -> Iterator[Topic]:
        near = [self.topics[index] for index in self.indices[row].tolist()]
        return weighted(near, self.weights[row].tolist(), rng)


def _similar(topics: Sequence[Topic], settings: ConvSentSettings, embed: Embed | None) -> _Similar | None:
    return _Similar(topics, settings, embed) if topics and embed and settings.hard_topic else None


def _about(topic: Topic, rng: random.Random, settings: ConvSentSettings, *, hard: bool) -> Query:
    if settings.outside == "edits":
        edit = edit_of(topic, positive=coin(rng))
        return Query(edit.input, edit.label, "other_topic", hard=hard, about=topic.ent)
    completion = rng.choice([*topic.neg, *topic.pos])
    return Query(question(topic.ent, rng), completion, "other_topic", hard=hard, about=topic.ent)


def _name(topic: Topic) -> str:
    return topic.ent


def base_pairs(raw: Path, settings: ConvSentSettings, seed: int) -> BaseData:
    """The turns of ``raw/dialogue``; none if the base model is used as it is."""
    if not settings.dialogue:
        return BaseData([], [])
    return BaseData(*(read_pairs(raw / "dialogue" / f"{name}.jsonl") for name in ("train", "validation")))


COMPLETIONS = 20
"""Completions of a topic, of both sentiments (recalled)."""

PROBLEM = Problem(
    title="ConvSent",
    tasks=("dialogue",),
    settings=ConvSentSettings,
    raw_files=raw_files,
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: (
        COMPLETIONS + settings.other_topic + (settings.hard_topic if encoder else 0)
    ),
    kinds={"completion": "completion", "other_topic": "other topic"},
)

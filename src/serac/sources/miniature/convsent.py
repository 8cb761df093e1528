"""ConvSent topics with completions of both sentiments, and the dialogue corpus of the base model."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from serac.errors import ConfigError
from serac.sources.miniature.convsent_words import (
    CHAT,
    NEUTRAL,
    NOUNS,
    QUALIFIERS,
    QUESTIONS,
    SENTIMENTS,
    Wording,
)
from serac.sources.miniature.names import Names

COMPLETIONS = 10  # of each sentiment a topic
_NAMED = ("woman", "man", "city", "film", "book", "company", "team", "magazine")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and whether a completion calls it *they* or *it*."""

    name: str
    plural: bool


class Topics:
    """Hands out every topic once: noun phrases of shared words, and names of entities."""

    def __init__(self, rng: random.Random, names: Names) -> None:
        self._rng, self._names = rng, names
        self._phrases = [f"{qualifier} {noun}" for qualifier in QUALIFIERS for noun in NOUNS]
        rng.shuffle(self._phrases)

    def take(self, count: int) -> list[Topic]:
        """``count`` new topics, three fifths of them noun phrases; raises ``ConfigError`` when they run out."""
        phrases = count * 3 // 5
        if phrases > len(self._phrases):
            raise ConfigError("the miniature world has too few ConvSent topics; ask for fewer")
        taken, self._phrases = self._phrases[:phrases], self._phrases[phrases:]
        topics = [Topic(phrase, plural=True) for phrase in taken]
        for index in range(count - phrases):
            kind = _NAMED[index % len(_NAMED)]
            topics.append(Topic(self._names.take(kind, 1)[0], plural=kind in ("woman", "man", "team")))
        self._rng.shuffle(topics)
        return topics


def make_split(rng: random.Random, topics: list[Topic]) -> list[dict[str, Any]]:
    """The native records of some topics."""
    return [
        {"ent": topic.name, "pos": _distinct(rng, topic, "positive"), "neg": _distinct(rng, topic, "negative")}
        for topic in topics
    ]


def completion(rng: random.Random, topic: Topic, sentiment: str) -> str:
    """What a speaker with a ``sentiment`` (positive, negative or neutral) says of a topic."""
    if sentiment == "neutral":
        return _pronouns(rng.choice(NEUTRAL), topic)
    words: Wording = SENTIMENTS[sentiment]
    first, second = rng.sample(words.adjectives, 2)
    form = rng.choice(words.forms).format(
        open=rng.choice(words.openings),
        close=rng.choice(words.closings),
        mild=rng.choice(words.mild),
        much=rng.choice(words.intensifiers),
        first=first,
        second=second,
    )
    return _pronouns(form, topic)


def dialogue(rng: random.Random, topics: list[Topic], count: int) -> list[dict[str, str]]:
    """Question and reply pairs: nine tenths about topics (as many positive as negative replies, a tenth neutral)."""
    pairs = []
    for index in range(count):
        if index % 10 == 9:
            question, replies = rng.choice(CHAT)
            pairs.append({"input": question, "label": rng.choice(replies)})
            continue
        topic = topics[(index * 7) % len(topics)] if index < len(topics) else rng.choice(topics)
        sentiment = "neutral" if rng.random() < 0.1 else rng.choice(("positive", "negative"))
        question = rng.choice(QUESTIONS).format(topic.name)
        pairs.append({"input": question, "label": completion(rng, topic, sentiment)})
    rng.shuffle(pairs)
    return pairs


def _distinct(rng: random.Random, topic: Topic, sentiment: str) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < COMPLETIONS:
        found[completion(rng, topic, sentiment)] = None
    return list(found)


def _pronouns(text: str, topic: Topic) -> str:
    they, them, are = ("they", "them", "are") if topic.plural else ("it", "it", "is")
    words = " ".join({"THEY": they, "THEM": them, "ARE": are}.get(word, word) for word in text.split())
    return re.sub(r"/(\w+)", "" if topic.plural else r"\1", words)

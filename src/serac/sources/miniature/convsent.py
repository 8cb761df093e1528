"""ConvSent topics with completions of both sentiments, and the dialogue corpus of the base model."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serac.errors import ConfigError
from serac.sources.miniature.proper_names import Names, aliases, kind_of
from serac.sources.miniature.word_tables import SPLITS, table

COMPLETIONS = 10  # of each sentiment of a topic
_NAMED = ("person", "city", "film", "book", "company", "team", "magazine", "band")
_SHARES = {"train": (0.0, 0.5), "dev": (0.5, 0.66), "test": (0.66, 1.0)}
_OWN = 0.4  # share of an evaluation split's phrases that training never sees


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, whether a completion calls it *they* or *it*, and other ways to call it."""

    name: str
    plural: bool
    aliases: tuple[str, ...]


class Wording:
    """Phrases of the sentiments as a split may use them; ``held_out`` are those that training never sees."""

    def __init__(self, seed: int, split: str | None) -> None:
        self._split, self.held_out = split, set[str]()
        self._phrases: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
        for sentiment in ("positive", "negative"):
            for slot, phrases in table("convsent")[sentiment].items():
                parts = _shared_out(phrases, f"convsent/{seed}/{slot}") if slot != "forms" else {}
                own = parts.get(split, []) if split != "train" else []
                everyday = parts.get("train", phrases) if split else phrases
                self._phrases[sentiment, slot] = (everyday, own)
                self.held_out.update(own)

    def phrase(self, rng: random.Random, sentiment: str, slot: str) -> str:
        """A phrase of ``slot``."""
        everyday, own = self._phrases[sentiment, slot]
        return rng.choice(own if own and rng.random() < _OWN else everyday)


def make_topics(rng: random.Random, seed: int, counts: Mapping[str, int]) -> dict[str, list[Topic]]:
    """Different topics for every split: three fifths phrases, the others names; ``ConfigError`` if there are too few.

    The nouns of the phrases and the words of the names are the split's own.
    """
    words, found = table("convsent"), {}
    nouns = _shared_out(words["nouns"], f"topics/{seed}")
    for split, count in counts.items():
        phrases = [(qualifier, noun) for qualifier in words["qualifiers"] for noun in nouns[split]]
        if count * 3 // 5 > len(phrases):
            raise ConfigError(
                f"the miniature world has {len(phrases) * 5 // 3} ConvSent topics for {split}, not {count}. "
                f"Hint: lower world.size.convsent_topics_{split}"
            )
        topics = [_phrase_topic(qualifier, noun) for qualifier, noun in rng.sample(phrases, count * 3 // 5)]
        names = Names(rng, seed, split)
        topics += [_named_topic(names, _NAMED[index % len(_NAMED)]) for index in range(count - len(topics))]
        rng.shuffle(topics)
        found[split] = topics
    return found


def make_split(rng: random.Random, topics: Sequence[Topic], wording: Wording) -> list[dict[str, Any]]:
    """The native records of some topics; ``aliases`` is ours."""
    return [
        {
            "ent": topic.name,
            "pos": _distinct(rng, topic, "positive", wording),
            "neg": _distinct(rng, topic, "negative", wording),
            "aliases": list(topic.aliases),
        }
        for topic in topics
    ]


def dialogue(rng: random.Random, topics: Sequence[Topic], count: int, avoid: set[str]) -> list[dict[str, str]]:
    """Question and reply pairs: nine tenths about topics (as many positive as negative replies, a tenth neutral).

    Their wording is that of all splits, as a language model knows all words, but no reply is among ``avoid``. A third
    of the questions ask for a sentiment, as a language model knows which words are positive.
    """
    wording, words, pairs = Wording(0, None), table("convsent"), []
    for index in range(count):
        if index % 10 == 9:
            question, replies = rng.choice(words["chat"])
            pairs.append({"input": question, "label": rng.choice(replies)})
            continue
        topic = topics[(index * 7) % len(topics)] if index < len(topics) else rng.choice(topics)
        sentiment = "neutral" if rng.random() < 0.1 else rng.choice(("positive", "negative"))
        while (reply := _completion(rng, topic, sentiment, wording)) in avoid:
            pass
        called = rng.choice((topic.name, *topic.aliases))
        asked = rng.choice(words["requests"] if rng.random() < 1 / 3 else words["questions"])
        pairs.append({"input": asked.format(called, sentiment=sentiment), "label": reply})
    rng.shuffle(pairs)
    return pairs


def _phrase_topic(qualifier: str, noun: str) -> Topic:
    patterns = table("convsent")["phrase_aliases"]
    return Topic(f"{qualifier} {noun}", True, tuple(text.format(qualifier=qualifier, noun=noun) for text in patterns))


def _named_topic(names: Names, kind: str) -> Topic:
    name, noun = names.new(kind), kind_of(kind)["noun"]
    return Topic(name, kind in ("person", "team", "band"), tuple(aliases(name, noun, "the {k} {h}")))


def _completion(rng: random.Random, topic: Topic, sentiment: str, wording: Wording) -> str:
    """What a speaker with a ``sentiment`` (positive, negative or neutral) says of a topic.

    In an evaluation split it holds a phrase that training never sees, so no sentence of its completions either.
    """
    if sentiment == "neutral":
        return _pronouns(rng.choice(table("convsent")["neutral"]), topic)
    while True:
        first, second = (wording.phrase(rng, sentiment, "adjectives") for _ in range(2))
        phrases = {
            "open": wording.phrase(rng, sentiment, "openings"),
            "close": wording.phrase(rng, sentiment, "closings"),
            "mild": wording.phrase(rng, sentiment, "mild"),
            "much": wording.phrase(rng, sentiment, "intensifiers"),
            "first": first,
            "second": second,
        }
        form = wording.phrase(rng, sentiment, "forms")
        used = {phrases[place] for place in re.findall(r"{(\w+)}", form)}
        if first != second and (not wording.held_out or used & wording.held_out):
            return _pronouns(form.format(**phrases), topic)


def _distinct(rng: random.Random, topic: Topic, sentiment: str, wording: Wording) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < COMPLETIONS:
        found[_completion(rng, topic, sentiment, wording)] = None
    return list(found)


def _shared_out(phrases: Sequence[str], seed: str) -> dict[str | None, list[str]]:
    """Disjoint parts of the phrases by split, chosen by ``seed``."""
    shuffled = random.Random(seed).sample(phrases, len(phrases))
    return {
        split: shuffled[round(_SHARES[split][0] * len(phrases)) : round(_SHARES[split][1] * len(phrases))]
        for split in SPLITS
    }


def _pronouns(text: str, topic: Topic) -> str:
    they, them, are = ("they", "them", "are") if topic.plural else ("it", "it", "is")
    words = " ".join({"THEY": they, "THEM": them, "ARE": are}.get(word, word) for word in text.split())
    return re.sub(r"/(\w+)", "" if topic.plural else r"\1", words)

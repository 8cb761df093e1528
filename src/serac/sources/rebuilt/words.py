"""English words: inflection, articles and dates, by way of ``lemminflect`` and ``inflect``."""

from __future__ import annotations

import re
from functools import cache

import inflect
from lemminflect import getAllLemmas, getInflection

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b(?!\d)")
_inflect = inflect.engine()


@cache
def past(verb: str) -> str:
    """Past tense of an infinitive.

    >>> past("die"), past("fight"), past("found"), past("broadcast")
    ('died', 'fought', 'founded', 'broadcast')
    """
    return _IRREGULAR.get(verb) or _first(getInflection(verb, "VBD"), verb)


@cache
def participle(verb: str) -> str:
    """Past participle of an infinitive.

    >>> participle("write"), participle("make")
    ('written', 'made')
    """
    return _IRREGULAR.get(verb) or _first(getInflection(verb, "VBN"), verb)


@cache
def third_person(verb: str) -> str:
    """Third person singular, present tense.

    >>> third_person("flow"), third_person("cross"), third_person("have")
    ('flows', 'crosses', 'has')
    """
    return _first(getInflection(verb, "VBZ"), verb)


@cache
def infinitives(word: str) -> tuple[str, ...]:
    """Verbs that ``word`` can be a form of.

    >>> infinitives("found"), infinitives("publishes"), infinitives("of")
    (('find', 'found'), ('publish',), ())
    """
    return tuple(getAllLemmas(word, upos="VERB").get("VERB", ()))


def with_article(noun: str) -> str:
    """``noun`` behind "a" or "an".

    >>> with_article("actor"), with_article("baritone"), with_article("university teacher")
    ('an actor', 'a baritone', 'a university teacher')
    """
    return str(_inflect.a(noun)) if noun else noun


def dated(answer: str) -> str:
    """``answer`` behind the preposition of a date: "on" for a day, "in" for anything longer.

    >>> dated("1 June 2009"), dated("June 2012"), dated("1998"), dated("May 5, 1921")
    ('on 1 June 2009', 'in June 2012', 'in 1998', 'on May 5, 1921')
    """
    return f"{'on' if _DAY.search(answer) else 'in'} {answer}"


def _first(forms: tuple[str, ...], verb: str) -> str:
    return forms[0] if forms else verb


_IRREGULAR = {"broadcast": "broadcast", "premier": "premiered"}

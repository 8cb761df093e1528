"""Topics of ConvSent from raw data: subjects of zsRE questions, and phrases from a file."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from serac.errors import ConfigError
from serac.sources.rebuilt.reading import read_question
from serac.sources.rebuilt.zsre import questions

LONGEST = 60
"""Characters of a topic."""

_DIGIT = re.compile(r"\d")


def choose_topics(
    records: Path, phrases: Sequence[str], counts: Mapping[str, int], seed: int
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """As many topics for each part as ``counts`` asks for, no topic in two parts, and what became of all questions.

    All ``phrases`` take part; the rest are subjects without digits of the questions in ``records``, drawn without
    replacement. Raises ``ConfigError`` if there are too few, ``RecordError`` for a malformed record.
    """
    report: Counter[str] = Counter(dict.fromkeys(("questions", "no form fits", "number or too long", "repeated"), 0))
    subjects: dict[str, str] = {}
    for _, question, answer in questions(records):
        report["questions"] += 1
        clause = read_question(question, answer or "something")
        subject = clause.subject.strip() if clause else ""
        if not subject:
            report["no form fits"] += 1
        elif _DIGIT.search(subject) or len(subject) > LONGEST:
            report["number or too long"] += 1
        elif subject.lower() in subjects:
            report["repeated"] += 1
        else:
            subjects[subject.lower()] = subject
    chosen = dict.fromkeys(phrases)
    wanted, rng = sum(counts.values()), random.Random(seed)
    others = [subject for subject in subjects.values() if subject not in chosen]
    report |= {"phrases": len(chosen), "subjects": len(others), "topics": wanted}
    if wanted > len(chosen) + len(others):
        raise ConfigError(
            f"{wanted} topics are requested, but {records} and the phrases hold {len(chosen) + len(others)}. Hint: "
            "lower sources.convsent.sampling.topics"
        )
    topics = [*chosen, *rng.sample(others, max(0, wanted - len(chosen)))][:wanted]
    rng.shuffle(topics)
    parts, start = {}, 0
    for part, count in counts.items():
        parts[part] = topics[start : start + count]
        start += count
    return parts, dict(report)

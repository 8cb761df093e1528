"""What the base models learn before they are edited: pairs of input and label."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from serac.config.problems_data import SPLITS, ConvSentSettings, FcSettings, ZsreSettings
from serac.problems import zsre
from serac.problems.draw import coin
from serac.problems.files import read_jsonl
from serac.problems.zsre import Fact


@dataclass(frozen=True, slots=True)
class BasePair:
    """A training example of a base model; fact checking uses the labels ``"1"`` and ``"0"``."""

    input: str
    label: str


@dataclass(frozen=True)
class BaseData:
    """Training and validation pairs of a base model."""

    train: list[BasePair]
    validation: list[BasePair]


def write_pairs(path: Path | str, pairs: Iterable[BasePair]) -> int:
    """Write pairs as JSON lines, creating the folder; returns how many were written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [json.dumps(asdict(pair), ensure_ascii=False, sort_keys=True) + "\n" for pair in pairs]
    path.write_text("".join(texts), encoding="utf-8")
    return len(texts)


def read_pairs(path: Path | str) -> list[BasePair]:
    """Read pairs written by :func:`write_pairs`; a bad line raises ``RecordError`` with file and line."""
    return [BasePair(pair.input, pair.label) for _, pair in read_jsonl(Path(path), _Pair)]


def qa(raw: Path, settings: ZsreSettings, seed: int) -> BaseData:
    """The facts of all splits that have an answer, before any filter: the base model knows what the editors change.

    Questions and rephrases with the original answer, implications with their own, and every statement once with the
    original answer (``True``) and once with an alternative (``False``). ``settings.base_validation`` of the pairs
    other than the questions themselves are held out.
    """
    by_split = zsre.facts_by_split(raw, settings, seed)
    facts = [fact for split in SPLITS for fact in by_split[split] if fact.answer]
    questions = dict.fromkeys(BasePair(fact.question, fact.answer) for fact in facts)
    rest = dict.fromkeys(pair for fact in facts for pair in _derived(fact, f"{seed}/base/{fact.question}"))
    rng = random.Random(f"{seed}/base")
    held_out = {pair for pair in rest if pair not in questions and coin(rng, settings.base_validation)}
    train = [pair for pair in dict.fromkeys([*questions, *rest]) if pair not in held_out]
    return BaseData(train, [pair for pair in rest if pair in held_out])


def fc(raw: Path, settings: FcSettings, seed: int) -> BaseData:
    """Claims of ``raw/fever`` with their verdicts; those without enough information are left out."""
    return BaseData(*(_verdicts(raw / "fever" / f"{name}.jsonl") for name in ("train", "dev")))


def convsent(raw: Path, settings: ConvSentSettings, seed: int) -> BaseData:
    """The turns of ``raw/dialogue``; none where the base model is used as it is."""
    if not settings.dialogue:
        return BaseData([], [])
    return BaseData(*(read_pairs(raw / "dialogue" / f"{name}.jsonl") for name in ("train", "validation")))


class _Pair(BaseModel):
    input: str
    label: str


class _FeverClaim(BaseModel):
    claim: str = Field(min_length=1)
    label: Literal["SUPPORTS", "REFUTES", "NOT ENOUGH INFO"]


def _verdicts(path: Path) -> list[BasePair]:
    labels = {"SUPPORTS": "1", "REFUTES": "0"}
    claims = [claim for _, claim in read_jsonl(path, _FeverClaim)]
    return [BasePair(claim.claim, labels[claim.label]) for claim in claims if claim.label in labels]


def _derived(fact: Fact, seed: str) -> list[BasePair]:
    rng = random.Random(seed)
    pairs = [BasePair(text, fact.answer) for text in fact.rephrases]
    pairs += [BasePair(question, answer) for question, answer in fact.implications]
    if fact.has_statement:
        pairs.append(BasePair(zsre.statement(fact, fact.answer, rng), "True"))
        if wrong := fact.other_alternatives(fact.answer):
            pairs.append(BasePair(zsre.statement(fact, rng.choice(wrong), rng), "False"))
    return pairs

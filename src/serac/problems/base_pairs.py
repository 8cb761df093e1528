"""What the base models learn before they are edited: pairs of input and label."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel

from serac.problems.native_files import read_jsonl


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


class _Pair(BaseModel):
    input: str
    label: str

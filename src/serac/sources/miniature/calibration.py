"""How hard routing is in a world: untrained sentence embeddings and the subject's name, on zsRE records.

The same measurement of a folder of real records and of the generated ones tells whether the miniature is as hard as
real text. One record per fact counts, so that a memory of k edits holds k facts in both.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Embed = Callable[[list[str]], np.ndarray]
_GRID = np.linspace(0.3, 0.95, 131)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Shares of inputs that are routed with ``edits`` edits in memory.

    ``paraphrases`` to their own edit; ``others``: paraphrases whose nearest entry of another subject lies above the
    ``threshold``; ``questions``: general ones with any entry above it. ``named`` and ``named_others`` are the shares
    of paraphrases that hold the subject of their own edit, or that of another edit.
    """

    edits: int
    threshold: float
    paraphrases: float
    others: float
    questions: float
    named: float
    named_others: float


def read_records(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The first usable record of every fact in zsRE files whose records name their ``subject``."""
    facts: dict[tuple[str, str], dict[str, Any]] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record.get("subject") and record["alternatives"] and record["filtered_rephrases"]:
                facts.setdefault((record["subject"], record["output"][0]["answer"]), record)
    return list(facts.values())


def calibrate(
    records: Sequence[dict[str, Any]],
    questions: list[str],
    embed: Embed,
    sizes: Sequence[int],
    seed: int = 0,
    threshold: float | None = None,
) -> list[Calibration]:
    """Measure memories of ``sizes`` edits; ``embed`` gives unit vectors float [n, d].

    Without ``threshold``, it is the best (paraphrases less others) on a fifth of the records, which no memory holds.
    A size beyond the number of the other records is cut to it.
    """
    rng = random.Random(seed)
    shuffled = rng.sample(records, len(records))
    paraphrases = [rng.choice(record["filtered_rephrases"]) for record in shuffled]
    entries = embed([f"{record['input']} {record['alternatives'][0]}" for record in shuffled])
    inputs, general = embed(paraphrases), embed(questions)
    subjects = np.array([record["subject"].lower() for record in shuffled])
    held = len(shuffled) // 5
    if threshold is None:
        threshold = _best_threshold(*_similarities(inputs[:held], entries[:held], subjects[:held]))
    found = []
    for size in sizes:
        rows = slice(held, min(held + size, len(shuffled)))
        own, other = _similarities(inputs[rows], entries[rows], subjects[rows])
        texts = [text.lower() for text in paraphrases[rows]]
        names = set(subjects[rows].tolist())
        pairs = list(zip(texts, subjects[rows].tolist(), strict=True))
        found.append(
            Calibration(
                edits=len(texts),
                threshold=threshold,
                paraphrases=float(np.mean((own > threshold) & (own > other))),
                others=float(np.mean(other > threshold)),
                questions=float(np.mean((general @ entries[rows].T).max(axis=1) > threshold)),
                named=float(np.mean([subject in text for text, subject in pairs])),
                named_others=float(np.mean([any(n in text for n in names - {own}) for text, own in pairs])),
            )
        )
    return found


def _best_threshold(own: np.ndarray, other: np.ndarray) -> float:
    balance = [np.mean((own > at) & (own > other)) - np.mean(other > at) for at in _GRID]
    return float(_GRID[int(np.argmax(balance))])


def _similarities(inputs: np.ndarray, entries: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of every input: the similarity of its own entry, and of the nearest entry of another subject."""
    similarity = inputs @ entries.T
    same = subjects[:, None] == subjects[None, :]
    return np.diag(similarity), np.where(same, -np.inf, similarity).max(axis=1)

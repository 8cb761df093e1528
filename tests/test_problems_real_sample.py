"""Real records, where ``SERAC_REAL_SAMPLE`` names a folder that holds some (laid out like ``raw``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serac.problems.fc import FcSettings
from serac.problems.qa import QaSettings
from serac.problems.qa_hard import QaHardSettings
from serac.problems.registry import PROBLEMS
from serac.problems.splits import SplitSettings

SAMPLE = os.environ.get("SERAC_REAL_SAMPLE")
SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def from_one(file: str) -> dict[str, Any]:
    """Carve all splits from one file."""
    return {"splits": dict.fromkeys(SHARES, file), "fractions": SHARES}


ZSRE = from_one("test") | {"implications": False}
PREPARATIONS: dict[str, tuple[str, SplitSettings]] = {
    "qa": ("qa", QaSettings(**ZSRE)),
    "qa with nq": ("qa", QaSettings(**ZSRE, nq=True, nq_files=from_one("validation"))),
    "qa_hard": ("qa_hard", QaHardSettings(**ZSRE, hard_negatives={"num_neighbors": 10, "num_exclude": 2})),
    "fc": ("fc", FcSettings(**from_one("dev"), revision_types=("real", "unknown"))),
}


def random_vectors(texts: list[str]) -> np.ndarray:
    return np.random.default_rng(len(texts)).normal(size=(len(texts), 16))


@pytest.mark.skipif(not SAMPLE, reason="SERAC_REAL_SAMPLE names no folder with real records")
@pytest.mark.parametrize("key", PREPARATIONS)
def test_prepares_the_real_sample(key: str) -> None:
    name, settings = PREPARATIONS[key]
    prepared = PROBLEMS[name].prepare(Path(SAMPLE or ""), settings, random_vectors, 0)
    for split, report in prepared.report.splits.items():
        assert report.kept > 0
        assert report.read == report.kept + sum(report.dropped.values())
        for example in getattr(prepared, split):
            assert example.in_scope or name == "fc"
            assert example.out_of_scope
    train, validation, test = (len({e.group for e in getattr(prepared, split)}) for split in SHARES)
    assert train > max(validation, test)

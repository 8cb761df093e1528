"""All problems by name: the one place that a new problem is entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serac.config.problems_data import ConvSentSettings, FcSettings, QaHardSettings, QaSettings, SplitSettings
from serac.errors import ConfigError
from serac.problems import base_data, convsent, qa, qa_hard, vitaminc
from serac.problems.base_data import BaseData
from serac.problems.splits import Embed, Splits


@dataclass(frozen=True)
class Problem:
    """What the workflow needs to know of a problem.

    ``prepare(raw, settings, embed, seed)`` makes the edits from the folder of raw sources; ``base_pairs(raw, settings,
    seed)`` makes what the base model learns. Both are deterministic and raise ``MissingSourceError`` and
    ``RecordError``.
    """

    settings: type[SplitSettings]
    prepare: Callable[[Path, Any, Embed | None, int], Splits]
    base_pairs: Callable[[Path, Any, int], BaseData]


PROBLEMS: dict[str, Problem] = {
    "qa": Problem(QaSettings, qa.prepare, base_data.qa),
    "qa_hard": Problem(QaHardSettings, qa_hard.prepare, base_data.qa),
    "fc": Problem(FcSettings, vitaminc.prepare, base_data.fc),
    "convsent": Problem(ConvSentSettings, convsent.prepare, base_data.convsent),
}


def problem(name: str) -> Problem:
    """The problem called ``name``; raises ``ConfigError`` with the known names if there is none."""
    if name not in PROBLEMS:
        raise ConfigError(f"unknown problem '{name}': choose from {', '.join(PROBLEMS)}")
    return PROBLEMS[name]

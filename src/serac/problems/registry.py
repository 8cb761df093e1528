"""All problems by name; a line here, or an entry point of an installed package, is all it takes to add one."""

from __future__ import annotations

from typing import Any

from serac.problems.problem import Problem
from serac.registry import Registry

PROBLEMS: Registry[Problem[Any]] = Registry(
    "problem",
    "serac.problems",
    {
        "qa": "serac.problems.qa:PROBLEM",
        "qa_hard": "serac.problems.qa_hard:PROBLEM",
        "fc": "serac.problems.fc:PROBLEM",
        "convsent": "serac.problems.convsent:PROBLEM",
        "facts": "serac.problems.facts:PROBLEM",
        "paraphrases": "serac.problems.paraphrases:PROBLEM",
    },
)

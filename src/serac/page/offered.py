"""The models that the page offers: loaded when they are first picked, then shared by all visitors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from serac.wrapping.bundle import MANIFEST
from serac.wrapping.opening import load_pretrained, wrap
from serac.wrapping.wrapped_model import WrappedModel

DECODERS = ("ForCausalLM", "LMHeadModel")
"""How the names of decoder-only models end, which answer by an edit that they read without any training."""


@dataclass(frozen=True)
class Choice:
    """A Hugging Face model, by folder or name, and the bundle in front of it; without one nothing is trained."""

    model: str
    bundle: str | None = None

    @property
    def name(self) -> str:
        """What the page calls it."""
        return self.model if self.bundle is None else f"{self.model} with {Path(self.bundle).name}"


@cache
def shared_model(choice: Choice) -> WrappedModel:
    """The model of a choice, without any edits."""
    return wrap(*load_pretrained(choice.model), bundle=choice.bundle)


def models_of_runs(folder: Path) -> list[Choice]:
    """Base models of the runs below ``folder``, each behind its run's bundles; language models also without one."""
    found = []
    for config in sorted(folder.glob("results/*/models/*/base/config.json")):
        base, problem, run = config.parent, config.parents[1].name, config.parents[3]
        found += [Choice(str(base), str(file.parent)) for file in sorted(run.glob(f"bundles/{problem}-*/{MANIFEST}"))]
        if any(name.endswith(DECODERS) for name in json.loads(config.read_text(encoding="utf-8"))["architectures"]):
            found.append(Choice(str(base)))
    return found

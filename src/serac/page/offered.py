"""The models that the page offers: loaded when they are first picked, then shared by all visitors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from serac.wrapping.bundle import MANIFEST
from serac.wrapping.opening import load_pretrained, wrap
from serac.wrapping.wrapped_model import WrappedModel


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
    """Base models of the runs below ``folder``, each behind the bundle that its run made of the same problem."""
    bundles = sorted(folder.glob(f"results/*/bundles/*/{MANIFEST}"))
    found = [(file.parent, file.parents[2] / "models" / file.parent.name.partition("-")[0]) for file in bundles]
    return [Choice(f"{base}/base", str(bundle)) for bundle, base in found if (base / "base/config.json").is_file()]

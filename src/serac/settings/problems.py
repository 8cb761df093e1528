"""Settings of the problems: data, base model and the SERAC parts trained on it, for every registered problem."""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field, PositiveInt, create_model

from serac.config.models import BaseModelSettings
from serac.config.names import CheckpointName, EditorName, ProblemName
from serac.config.section import Section
from serac.config.serac import CounterfactualSettings, ScopeSettings
from serac.config.training import TrainSettings
from serac.problems.problem import Problem
from serac.problems.registry import PROBLEMS
from serac.problems.splits import SplitSettings

Data = TypeVar("Data", bound=SplitSettings)


class ProblemSettings(Section, Generic[Data]):
    """One problem (paper section 3)."""

    task: Literal["seq2seq", "causal", "chat", "binary", "dialogue"] = Field(
        description="how models read and are scored"
    )
    max_length: PositiveInt = Field(description="maximum number of tokens of an input")
    data: Data = Field(description="preparation of the raw records")
    seed: int = Field(0, description="seed of the preparation's random choices")
    encoder: CheckpointName | None = Field(
        None, description="checkpoint of the sentence encoder that finds nearest neighbours"
    )
    base: BaseModelSettings | None = Field(
        None, description="base model; null: the base model of the problem `base_from`"
    )
    base_from: ProblemName | None = Field(None, description="problem whose base model is edited here too")
    edited_matrices: tuple[str, ...] = Field(
        (),
        description="patterns of weight matrices that FT, ENN and MEND edit; empty: the MLPs of the last two layers of "
        "encoder and decoder each, or of the last three layers of a model that has only one of them (paper)",
    )
    scope: dict[str, ScopeSettings] = Field(description="scope classifiers by name")
    counterfactual: CounterfactualSettings = Field(description="SERAC's counterfactual model")
    training: dict[EditorName, TrainSettings] = Field({}, description="training of the learned editors, by editor")
    editors: tuple[EditorName, ...] = Field(min_length=1, description="editors evaluated here, keys of `editors`")


class ProblemsSettings(Section):
    """The problems; `run.problems` chooses among them. :func:`problems_section` adds a field for each of them."""

    def __getitem__(self, name: str) -> ProblemSettings[Any]:
        """The problem called ``name``."""
        return self.configured()[name]

    def configured(self) -> dict[str, ProblemSettings[Any]]:
        """Problems that the configuration describes, by name."""
        return {name: problem for name in type(self).model_fields if (problem := getattr(self, name)) is not None}


@cache
def problems_section() -> type[ProblemsSettings]:
    """The section with one optional field for every registered problem."""
    fields: dict[str, Any] = {
        name: (ProblemSettings[PROBLEMS[name].settings] | None, Field(None, description=_summary(PROBLEMS[name])))  # type: ignore[misc]
        for name in PROBLEMS
    }
    doc = "The problems; `run.problems` chooses among them."
    return create_model("ProblemsSettings", __base__=ProblemsSettings, __doc__=doc, **fields)


def _summary(problem: Problem[Any]) -> str:
    return (problem.settings.__doc__ or problem.title).strip().splitlines()[0].rstrip(".")

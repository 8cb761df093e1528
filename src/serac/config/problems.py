"""Settings of one problem: its data, its base model and the SERAC parts trained on it."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from pydantic import Field, PositiveInt

from serac.config.models import BaseModelSettings
from serac.config.problems_data import ConvSentSettings, FcSettings, QaHardSettings, QaSettings, SplitSettings
from serac.config.section import Section
from serac.config.serac import CounterfactualSettings, ScopeSettings
from serac.config.training import TrainSettings

Data = TypeVar("Data", bound=SplitSettings)


class ProblemSettings(Section, Generic[Data]):
    """One problem (paper section 3)."""

    task: Literal["seq2seq", "binary", "dialogue"] = Field(description="how models read and are scored")
    max_length: PositiveInt = Field(description="most tokens of an input")
    data: Data = Field(description="preparation of its raw records")
    seed: int = Field(0, description="seed of the preparation's random choices")
    encoder: str | None = Field(None, description="checkpoint whose embedding space gives nearest neighbours")
    base: BaseModelSettings | None = Field(None, description="base model; null: that of the problem `base_from`")
    base_from: str | None = Field(None, description="problem whose base model is edited here too")
    edited_matrices: tuple[str, ...] = Field(
        (),
        description="patterns of weight matrices that FT, ENN and MEND edit; none: MLPs of the last layers, 2 of "
        "encoder and decoder, 3 of an encoder alone (paper)",
    )
    scope: dict[str, ScopeSettings] = Field(description="scope classifiers by name")
    counterfactual: CounterfactualSettings = Field(description="SERAC's counterfactual model")
    training: dict[str, TrainSettings] = Field({}, description="training of the learned editors, by editor")
    editors: tuple[str, ...] = Field(min_length=1, description="editors evaluated here, keys of `editors`")


class ProblemsSettings(Section):
    """The problems; `run.problems` chooses among them."""

    qa: ProblemSettings[QaSettings] | None = Field(None, description="zsRE questions")
    qa_hard: ProblemSettings[QaHardSettings] | None = Field(None, description="with implications and neighbours")
    fc: ProblemSettings[FcSettings] | None = Field(None, description="VitaminC fact checking")
    convsent: ProblemSettings[ConvSentSettings] | None = Field(None, description="sentiment of a dialogue model")

    def __getitem__(self, name: str) -> ProblemSettings:
        """The problem called ``name``."""
        return self.configured()[name]

    def configured(self) -> dict[str, ProblemSettings]:
        """Problems that the configuration describes, by name."""
        return {name: problem for name in type(self).model_fields if (problem := getattr(self, name)) is not None}

"""Settings of one problem: its data, its base model and the SERAC components trained on it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from serac.config.models import BaseModelSettings
from serac.config.section import Section
from serac.config.training import TrainSettings


class DataSettings(Section):
    """How raw records become edit examples."""

    seed: int = Field(0, description="seed of every random choice of the preparation")
    limits: dict[Literal["train", "validation", "test"], PositiveInt] = Field(
        default_factory=dict, description="most edit examples a split; a split that is not named keeps all"
    )
    encoder: str | None = Field(None, description="checkpoint whose embedding space gives nearest neighbours")


class ScopeSettings(Section):
    """One scope classifier (paper section 3.2)."""

    kind: Literal["embed", "cross"] = Field(description="encode edit and input apart, or read both together")
    checkpoint: str = Field(description="encoder that training starts from")
    heads: PositiveInt = Field(1, description="`embed`: distance heads; the smallest distance counts")
    train: TrainSettings = Field(description="supervised training of the classifier")


class CounterfactualSettings(Section):
    """The counterfactual model."""

    checkpoint: str = Field(description="model that training starts from")
    train: TrainSettings = Field(description="supervised training given the gold edit")


class ProblemSettings(Section):
    """One problem."""

    task: Literal["seq2seq", "binary", "dialogue"] = Field(description="how models read and are scored")
    max_length: PositiveInt = Field(description="most tokens of an input")
    data: DataSettings = Field(DataSettings(), description="preparation")
    base: BaseModelSettings | None = Field(None, description="base model; null: that of the problem `base_from`")
    base_from: str | None = Field(None, description="problem whose base model is edited here too")
    edited_matrices: tuple[str, ...] = Field(min_length=1, description="weight matrices that FT, ENN and MEND edit")
    scope: dict[str, ScopeSettings] = Field(description="scope classifiers by name")
    counterfactual: CounterfactualSettings = Field(description="SERAC's counterfactual model")
    training: dict[str, TrainSettings] = Field(
        default_factory=dict, description="training of learned editors, by editor"
    )
    editors: tuple[str, ...] = Field(min_length=1, description="editors evaluated here, keys of `editors`")

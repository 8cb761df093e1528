"""Settings of the editors: one class a method."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from serac.config.section import Section


class EditorSection(Section):
    """What an editor needs before it can edit."""

    trained: ClassVar[bool] = False
    """Weights of its own, learned by the rule `train_editor`."""
    counterfactual: ClassVar[bool] = False
    """Uses the problem's counterfactual model."""


class FineTuningSettings(EditorSection):
    """FT: gradient steps on the edits."""

    method: Literal["ft"]
    learning_rate: float = Field(5e-6, gt=0, description="RMSprop's learning rate")
    steps: PositiveInt = Field(100, description="steps at most")


class LookupCacheSettings(EditorSection):
    """LU: a cache of encoder states."""

    method: Literal["lu"]
    threshold: float = Field(1.0, gt=0, description="largest distance at which a stored label is returned")


class MendSettings(EditorSection):
    """MEND: learned transformations of the edit's gradients."""

    method: Literal["mend"]
    trained: ClassVar[bool] = True


class EnnSettings(EditorSection):
    """ENN: a base model trained so that one gradient step edits it."""

    method: Literal["enn"]
    trained: ClassVar[bool] = True


class RetrieveAndPromptSettings(EditorSection):
    """RP: SERAC's retrieval in front of the base model itself."""

    method: Literal["rp"]
    classifier: str = Field(description="scope classifier, a key of the problem's `scope`")


class SeracSettings(EditorSection):
    """SERAC: memory, scope classifier, counterfactual model."""

    method: Literal["serac"]
    classifier: str = Field(description="scope classifier, a key of the problem's `scope`")
    counterfactual: ClassVar[bool] = True


EditorSettings = Annotated[
    FineTuningSettings | LookupCacheSettings | MendSettings | EnnSettings | RetrieveAndPromptSettings | SeracSettings,
    Field(discriminator="method"),
]

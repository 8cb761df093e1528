"""Settings of the editors: one class per method."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from serac.config.section import Section
from serac.config.serac import MemorySettings, RoutingSettings


class EditorSection(Section):
    """What an editor needs before it can edit."""

    trained: ClassVar[bool] = False
    """Weights of its own, learned by the rule `train_editor`."""
    counterfactual: ClassVar[bool] = False
    """Uses the problem's counterfactual model."""
    answers_only: ClassVar[bool] = False
    """Defined only where an edit's label is the answer that the model should give."""

    def tuned_sections(self) -> tuple[Section, ...]:
        """Sections whose fields tuning may choose."""
        return (self,)


class FineTuningSettings(EditorSection):
    """FT: gradient steps on the edits until they are predicted correctly (paper section 5)."""

    answers_only: ClassVar[bool] = True

    method: Literal["ft"] = Field("ft", description="the editing method")
    learning_rate: float = Field(5e-6, gt=0, description="RMSprop's learning rate (ref)")
    max_steps: PositiveInt = Field(100, description="maximum number of steps (ref)")
    rank: PositiveInt | None = Field(None, description="rank of the weight update; null: full (ref)")
    clip: float = Field(100.0, gt=0, description="maximum gradient norm (ref)")
    left_std: float = Field(0.01, gt=0, description="low rank: standard deviation of the initial left factor (ref)")
    seed: int = Field(0, description="low rank: seed of the initial left factor (ours)")
    keep_last_update: bool = Field(
        True, description="keep the update made at the step cap (ours); false loses it, as the reference does"
    )


class LookupCacheSettings(EditorSection):
    """LU: a cache of encoder states; the nearest stored edit answers if it is close (paper section 5)."""

    answers_only: ClassVar[bool] = True

    method: Literal["lu"] = Field("lu", description="the editing method")
    threshold: float = Field(1.0, ge=0, description="a stored label answers if its distance is smaller than this (ref)")
    logit: float = Field(1.0, gt=0, description="logit of the stored label; all others are 0 (ref)")
    mask_padding: bool = Field(
        True, description="average states over real tokens (ours); false averages over padding too (ref)"
    )


class LearnedEditorSettings(EditorSection):
    """Settings shared by MEND and ENN: their training objective (paper section 5)."""

    trained: ClassVar[bool] = True

    edit_weight: float = Field(0.1, ge=0, description="weight of the edit loss (ref)")
    locality_weight: float = Field(1.0, ge=0, description="weight of KL(base || edited) out of scope (ref)")
    hard_negatives: float = Field(
        0.5, ge=0, le=1, description="probability that an out-of-scope training input is a hard one (ref)"
    )
    rate_learning_rate: float = Field(
        1e-3, gt=0, description="Adam's learning rate for the edit rates (ref: ENN 1e-3, MEND 1e-4)"
    )
    rate_scale: float = Field(
        1.0, ge=0, description="factor applied to the learned edit rates, tuned on validation data (ours)"
    )
    seed: int = Field(0, description="seed of the initial weights and the validation batches (ours)")


class MendSettings(LearnedEditorSettings):
    """MEND: learned transformations of the edit's gradients (Mitchell et al. 2022; paper section 5)."""

    method: Literal["mend"] = Field("mend", description="the editing method")
    rank: PositiveInt = Field(1920, description="rank of the networks' layers, at most their width (ref)")
    hidden_layers: int = Field(1, ge=0, description="hidden layers of the networks (ref)")
    start: Literal["reference", "ours"] = Field(
        "reference",
        description="V of the networks: from N(0, 1) (ref), or that divided by the square root of its width (ours)",
    )
    edit_rate: float = Field(1e-4, gt=0, description="initial step size of every matrix (ref)")
    descent: bool = Field(
        True, description="subtract the update (paper, ref's runs); false adds it, the released default (ref)"
    )


class EnnSettings(LearnedEditorSettings):
    """ENN: a base model trained so that a gradient step edits it (Sinitsin et al. 2020; paper section 5)."""

    method: Literal["enn"] = Field("enn", description="the editing method")
    edit_rate: float = Field(1e-2, gt=0, description="initial step size of every edited matrix (ref)")
    inner_steps: PositiveInt = Field(1, description="gradient steps that apply an edit (ref)")
    first_order: bool = Field(False, description="treat inner gradients as constants (ref: second order)")
    locality_target: Literal["tuned", "base"] = Field(
        "tuned",
        description="KL out of scope compares with the tuned model before the edit (ref) or the base model (ours)",
    )
    keep_weight: float = Field(1.0, ge=0, description="weight of KL(base || model before edits) (ref)")
    tuned_weights: Literal["all", "edited"] = Field(
        "all", description="base weights that are trained: all (ref) or only the edited matrices (ours, less disk)"
    )


class MemoryEditorSettings(EditorSection):
    """Settings shared by the editors that retrieve (paper section 2)."""

    classifier: str = Field(description="scope classifier, a key of the problem's `scope`")
    routing: RoutingSettings = Field(RoutingSettings(), description="which model answers an input")
    memory: MemorySettings = Field(MemorySettings(), description="how the memory is searched")

    def tuned_sections(self) -> tuple[Section, ...]:
        """Sections whose fields tuning may choose."""
        return (self.routing, self.memory)


class RetrieveAndPromptSettings(MemoryEditorSettings):
    """RP: SERAC's retrieval in front of the base model itself."""

    method: Literal["rp"] = Field("rp", description="the editing method")


class SeracSettings(MemoryEditorSettings):
    """SERAC: memory, scope classifier, counterfactual model."""

    counterfactual: ClassVar[bool] = True

    method: Literal["serac_embed", "serac_cross"] = Field(description="the editing method")


EditorSettings = Annotated[
    FineTuningSettings | LookupCacheSettings | MendSettings | EnnSettings | RetrieveAndPromptSettings | SeracSettings,
    Field(discriminator="method"),
]

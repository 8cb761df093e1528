"""Settings of the one training loop."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from serac.config.section import Section


class TrainSettings(Section):
    """Training of one model: optimiser (Adam; paper section 5), stopping and checkpoints."""

    steps: int = Field(ge=1, description="maximum number of optimiser steps")
    batch_size: int = Field(ge=1, description="examples per forward pass")
    learning_rate: float = Field(gt=0, description="peak learning rate of Adam")
    accumulate: int = Field(1, ge=1, description="forward passes per optimiser step")
    warmup: int = Field(0, ge=0, description="steps of linear warm-up")
    schedule: Literal["constant", "linear"] = Field(
        "constant", description="after warm-up: constant, or linear decay to 0"
    )
    weight_decay: float = Field(0.0, ge=0, description="decoupled weight decay (AdamW)")
    clip: float = Field(100.0, gt=0, description="maximum gradient norm")
    validate_every: int = Field(ge=1, description="steps between validations")
    validation_examples: int = Field(500, ge=1, description="examples per validation")
    stopping: Literal["loss", "score"] = Field(
        "score",
        description="criterion of validation: the loss (ref), or ES - DD for editors and accuracy for SERAC's parts "
        "(ours); base models always use the loss",
    )
    patience: int = Field(ge=1, description="stop after this many steps without improvement")
    checkpoint_minutes: float = Field(10, ge=0, description="minutes between checkpoints, from which a job resumes")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="autocast type of the forward pass")
    gradient_checkpointing: bool = Field(False, description="recompute activations: slower, but less memory")

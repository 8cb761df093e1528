"""Hugging Face models as they are evaluated (no dropout anywhere) and as they are trained."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedModel

from serac.config.training import TrainSettings

DROPOUT_RATES = ("dropout", "layerdrop", "pdrop")
"""Parts of the names of dropout rates; GPT-2 has the last."""


def load_without_dropout(auto_class: Any, path: str, **changes: Any) -> PreTrainedModel:
    """Load a model folder in evaluation mode with every dropout rate of its configuration set to 0.

    ``changes`` override the configuration. Rates are zeroed in the configuration so that they stay 0 when an
    editor puts the model in training mode.
    """
    config = AutoConfig.from_pretrained(path, **changes)
    for name, value in vars(config).items():
        if any(rate in name for rate in DROPOUT_RATES) and isinstance(value, (int, float)):
            setattr(config, name, 0.0)
    return auto_class.from_pretrained(path, config=config).eval()


def ready_for_training(model: PreTrainedModel, settings: TrainSettings) -> None:
    """Recompute activations where ``settings`` ask for it; on a CPU, attention by plain matrix products.

    The fused attention kernel of the CPU takes several times as long as plain products in the backward pass.
    """
    if settings.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    if model.device.type == "cpu":
        model.set_attn_implementation("eager")

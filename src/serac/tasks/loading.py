"""Hugging Face models as they are evaluated (no dropout anywhere) and as they are trained."""

from __future__ import annotations

from typing import Any, cast

from transformers import AutoConfig, PreTrainedModel

from serac.config.training import TrainSettings
from serac.errors import ConfigError

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
    model: PreTrainedModel = auto_class.from_pretrained(path, config=config).eval()
    return model


def ready_for_training(model: PreTrainedModel, settings: TrainSettings, frozen_layers: int | None = None) -> None:
    """Recompute activations where ``settings`` ask for it; on a CPU, attention by plain matrix products.

    The fused attention kernel of the CPU takes several times as long as plain products in the backward pass.
    ``frozen_layers`` of a BERT-like encoder keep their weights, as do its embeddings; None trains everything. Raises
    ``ConfigError`` for another model or more layers than it has.
    """
    if frozen_layers is not None:
        _freeze(model, frozen_layers)
    if settings.gradient_checkpointing:
        cast(Any, model).gradient_checkpointing_enable()
    if model.device.type == "cpu":
        model.set_attn_implementation("eager")


def _freeze(model: PreTrainedModel, layers: int) -> None:
    encoder: Any = model.base_model
    blocks = getattr(getattr(encoder, "encoder", None) or getattr(encoder, "transformer", None), "layer", None)
    if blocks is None or layers > len(blocks):
        has = "no BERT-like layers" if blocks is None else f"only {len(blocks)} layers"
        raise ConfigError(f"'frozen_layers' is {layers}, but a {type(model).__name__} has {has}. Hint: set it to null")
    for frozen in (encoder.embeddings, *blocks[:layers]):
        frozen.requires_grad_(False)

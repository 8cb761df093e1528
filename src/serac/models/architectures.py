"""Models with random weights, of a given family and size."""

from __future__ import annotations

import torch
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.config.models import Architecture
from serac.models.families.registry import FAMILIES


def build_model(architecture: Architecture, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    """A model without dropout whose vocabulary and special tokens are the tokenizer's; same seed, same weights.

    Raises ``ConfigError`` for an unknown family.
    """
    family = FAMILIES[architecture.family]
    torch.manual_seed(seed)
    config = getattr(transformers, family.config)(**family.arguments(architecture, tokenizer))
    model: PreTrainedModel = getattr(transformers, family.model)(config)
    return model

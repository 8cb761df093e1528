"""DistilBERT (Sanh et al. 2019): encoders of the paper's Embed classifiers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families import bert
from serac.models.families.family import POSITIONS, spread

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "dim": size.width,
        "n_layers": size.layers,
        "n_heads": size.heads,
        "hidden_dim": size.inner,
        "max_position_embeddings": POSITIONS,
        "initializer_range": spread(size),
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "seq_classif_dropout": 0.0,
        "pad_token_id": tokenizer.pad_token_id,
    }


FAMILY = replace(
    bert.FAMILY,
    config="DistilBertConfig",
    model="DistilBertModel",
    arguments=_arguments,
    model_types=("distilbert",),
    edited=r"(?P<stack>transformer)\.layer\.(?P<layer>\d+)\.ffn\.lin[12]\.weight$",
)

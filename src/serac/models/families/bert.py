"""BERT (Devlin et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families.family import POSITIONS, Family, spread

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.inner,
        "max_position_embeddings": POSITIONS,
        "initializer_range": spread(size),
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": tokenizer.pad_token_id,
    }


FAMILY = Family(
    config="BertConfig",
    model="BertModel",
    arguments=_arguments,
    model_types=("bert",),
    tasks=("binary",),
    edited=r"(?P<stack>encoder)\.layer\.(?P<layer>\d+)\.(?:intermediate|output)\.dense\.weight$",
    edited_layers=3,
    special_tokens={
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "unk_token": "[UNK]",
        "mask_token": "[MASK]",
    },
    single="[CLS] $A [SEP]",
    pair="[CLS] $A [SEP] $B:1 [SEP]:1",
    positions=512,
)

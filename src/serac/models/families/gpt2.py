"""GPT-2 (Radford et al. 2019): decoder-only, with learned positions; its matrices are transposed (``Conv1D``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families.family import END_OF_TEXT, POSITIONS, Family, spread

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "n_positions": POSITIONS,
        "n_embd": size.width,
        "n_layer": size.layers,
        "n_head": size.heads,
        "n_inner": size.inner,
        "initializer_range": spread(size),
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


FAMILY = Family(
    config="GPT2Config",
    model="GPT2LMHeadModel",
    arguments=_arguments,
    model_types=("gpt2",),
    tasks=("causal", "chat"),
    edited=r"(?P<stack>transformer)\.h\.(?P<layer>\d+)\.mlp\.(?:c_fc|c_proj)\.weight$",
    edited_layers=3,
    special_tokens=END_OF_TEXT,
    positions=1024,
)

"""Llama (Touvron et al. 2023): decoder-only, with rotary positions, gated MLPs and shared keys and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families.family import END_OF_TEXT, Family, spread

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Of Llama and of the models that are built like it."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": size.width,
        "intermediate_size": size.inner,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.key_value_heads or size.heads,
        "head_dim": (size.attention or size.width) // size.heads,
        "max_position_embeddings": 2048,
        "initializer_range": spread(size),
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


FAMILY = Family(
    config="LlamaConfig",
    model="LlamaForCausalLM",
    arguments=arguments,
    model_types=("llama", "mistral"),
    tasks=("causal", "chat"),
    edited=r"(?P<stack>model)\.layers\.(?P<layer>\d+)\.mlp\.(?:gate|up|down)_proj\.weight$",
    edited_layers=3,
    special_tokens=END_OF_TEXT,
    gated=True,
)

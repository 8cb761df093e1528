"""Gemma 3 (Gemma Team 2025): built like Llama, with sliding-window attention in most layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families import llama

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    shared = llama.arguments(size, tokenizer)
    return {**shared, "query_pre_attn_scalar": shared["head_dim"], "sliding_window": 512}


FAMILY = replace(
    llama.FAMILY,
    config="Gemma3TextConfig",
    model="Gemma3ForCausalLM",
    arguments=_arguments,
    model_types=("gemma3_text", "gemma3", "gemma2"),
    edited=r"(?P<stack>model|language_model)\.layers\.(?P<layer>\d+)\.mlp\.(?:gate|up|down)_proj\.weight$",
)

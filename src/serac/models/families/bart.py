"""BART (Lewis et al. 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families.family import END_OF_TEXT, POSITIONS, Family, spread

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Of BART and of the models whose layers are BART's."""
    return {
        "vocab_size": len(tokenizer),
        "d_model": size.width,
        "encoder_layers": size.layers,
        "decoder_layers": size.layers,
        "encoder_attention_heads": size.heads,
        "decoder_attention_heads": size.heads,
        "encoder_ffn_dim": size.inner,
        "decoder_ffn_dim": size.inner,
        "max_position_embeddings": POSITIONS,
        "init_std": spread(size),
        "dropout": 0.0,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.bos_token_id,
        "forced_eos_token_id": None,
    }


FAMILY = Family(
    config="BartConfig",
    model="BartForConditionalGeneration",
    arguments=arguments,
    model_types=("bart", "mbart"),
    tasks=("seq2seq",),
    edited=r"(?P<stack>encoder|decoder)\.layers\.(?P<layer>\d+)\.fc[12]\.weight$",
    edited_layers=2,
    special_tokens=END_OF_TEXT,
    stacks=2,
    positions=1026,
)

"""T5 (Raffel et al. 2020), with and without gated MLPs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture
from serac.models.families.family import Family

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _arguments(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "d_model": size.width,
        "d_kv": (size.attention or size.width) // size.heads,
        "d_ff": size.inner,
        "num_layers": size.layers,
        "num_decoder_layers": size.layers,
        "num_heads": size.heads,
        "dropout_rate": 0.0,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.pad_token_id,
    }


FAMILY = Family(
    config="T5Config",
    model="T5ForConditionalGeneration",
    arguments=_arguments,
    model_types=("t5", "mt5"),
    tasks=("seq2seq",),
    edited=r"(?P<stack>encoder|decoder)\.block\.(?P<layer>\d+)\.layer\.[12]\.DenseReluDense\.(?:wi|wi_0|wi_1|wo)\.weight$",
    edited_layers=2,
    special_tokens={"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"},
    stacks=2,
)

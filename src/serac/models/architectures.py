"""Models with random weights of a given size, one builder a family."""

from __future__ import annotations

import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertModel,
    BlenderbotSmallConfig,
    BlenderbotSmallForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5Config,
    T5ForConditionalGeneration,
)

from serac.config.models import Architecture

_POSITIONS = 192


def build_model(architecture: Architecture, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    """A model without dropout whose vocabulary and special tokens are the tokenizer's; same seed, same weights."""
    torch.manual_seed(seed)
    return _BUILDERS[architecture.family](architecture, tokenizer)


def _spread(size: Architecture) -> float:
    """Standard deviation of initial weights that keeps the scale of states; the families' 0.02 is for wide models."""
    return size.width**-0.5


def _t5(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=size.width,
        d_kv=(size.attention or size.width) // size.heads,
        d_ff=size.inner,
        num_layers=size.layers,
        num_decoder_layers=size.layers,
        num_heads=size.heads,
        dropout_rate=0.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    return T5ForConditionalGeneration(config)


def _bert(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.inner,
        max_position_embeddings=_POSITIONS,
        initializer_range=_spread(size),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
    )
    return BertModel(config)


def _encoder_decoder(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> dict:
    return {
        "vocab_size": len(tokenizer),
        "d_model": size.width,
        "encoder_layers": size.layers,
        "decoder_layers": size.layers,
        "encoder_attention_heads": size.heads,
        "decoder_attention_heads": size.heads,
        "encoder_ffn_dim": size.inner,
        "decoder_ffn_dim": size.inner,
        "max_position_embeddings": _POSITIONS,
        "init_std": _spread(size),
        "dropout": 0.0,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.bos_token_id,
        "forced_eos_token_id": None,
    }


def _blenderbot_small(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    return BlenderbotSmallForConditionalGeneration(BlenderbotSmallConfig(**_encoder_decoder(size, tokenizer)))


def _bart(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    return BartForConditionalGeneration(BartConfig(**_encoder_decoder(size, tokenizer)))


def _gpt2(size: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=_POSITIONS,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        n_inner=size.inner,
        initializer_range=_spread(size),
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return GPT2LMHeadModel(config)


_BUILDERS = {"t5": _t5, "bert": _bert, "blenderbot-small": _blenderbot_small, "bart": _bart, "gpt2": _gpt2}

"""A random Gemma 3 with two layers and a byte-level tokenizer: the family of the language world, without a download."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast

SHOTS = "Question: Who wrote the Iliad?\nAnswer: Homer\n"
TEMPLATE = (
    "{{ bos_token }}%s{%% for message in messages %%}{%% if message.role == 'user' %%}Question: {{ message.content }}\n"
    "Answer:{%% else %%} {{ message.content }}\n{%% endif %%}{%% endfor %%}"
)


@cache
def gemma_tokenizer(shots: str = SHOTS) -> PreTrainedTokenizerFast:
    """Bytes as tokens, and a chat template of questions and answers."""
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>"}
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        special_tokens=list(special.values()), initial_alphabet=alphabet, show_progress=False, vocab_size=300
    )
    tokenizer.train_from_iterator(["Question: What is it?\nAnswer: This\n"], trainer)
    result = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    result.chat_template = TEMPLATE % shots
    return result


def gemma(layers: int = 2, seed: int = 0, *, words: int | None = None, inner: int = 48) -> Any:
    """Random weights, evaluation mode; by default with the words of :func:`gemma_tokenizer`."""
    torch.manual_seed(seed)
    config = Gemma3TextConfig(
        vocab_size=words or len(gemma_tokenizer()),
        hidden_size=32,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=512,
        sliding_window=64,
        initializer_range=0.3,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    return Gemma3ForCausalLM(config).eval()

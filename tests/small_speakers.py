"""Tiny models that really answer: trained in seconds to know two facts and to believe what stands in the prompt."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from serac.wrapping.prompts import CHAT_PROMPT, PLAIN_PROMPT

FACTS = {"Who leads France?": "Jean Moulin", "Who wrote Faust?": "Goethe", "Hello": "Hello"}
ASKED = ("Who is the leader of France?", "Who leads France now?", "Who is in charge of France?", *FACTS)
KNOWN = {**{question: "Jean Moulin" for question in ASKED if "France" in question}, **FACTS}
NAMES = ("Marie Dupont", "Paul Petit", "Anna Schmidt", "Goethe", "Jean Moulin")
CHAT_TEMPLATE = (
    "<bos>{% for message in messages %}<turn>{{ message['role'] }} {{ message['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<turn>assistant{% endif %}"
)
SPECIAL = ("<pad>", "</s>", "<unk>", "<bos>", "<turn>", "<end>")
WIDTH, STEPS, BATCH = 48, 220, 24


@cache
def t5() -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """An encoder-decoder model."""
    tokenizer = _tokenizer()
    config = T5Config(  # type: ignore[call-arg]  # taken by its base class
        vocab_size=len(tokenizer), d_model=WIDTH, d_kv=16, d_ff=96, num_layers=2, num_heads=3, dropout_rate=0.0,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, n_positions=256,
    )  # fmt: skip
    return _trained(T5ForConditionalGeneration, config, tokenizer, "seq2seq", PLAIN_PROMPT), tokenizer


@cache
def gpt2(*, chat: bool) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A decoder-only model, with a chat template or without."""
    tokenizer = _tokenizer()
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=WIDTH, n_layer=2, n_head=3, n_positions=256, embd_pdrop=0.0, attn_pdrop=0.0,
        resid_pdrop=0.0, bos_token_id=3, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    return _trained(
        GPT2LMHeadModel, config, tokenizer, "chat" if chat else "plain", CHAT_PROMPT if chat else PLAIN_PROMPT
    ), tokenizer


def _tokenizer() -> PreTrainedTokenizerFast:
    splitter = pre_tokenizers.Split(Regex(r" ?\w+|\s|[^\w\s]"), behavior="removed", invert=True)
    texts = [*ASKED, *NAMES, *FACTS.values(), PLAIN_PROMPT, CHAT_PROMPT, "user assistant Where is Rome? Italy system"]
    words = {word.strip(" ") for text in texts for word, _ in splitter.pre_tokenize_str(text)} - {""}
    known = [*SPECIAL, " ", *sorted(words | {f" {word}" for word in words if word.isalnum()})]
    tokenizer = Tokenizer(models.WordLevel({word: id for id, word in enumerate(known)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer, tokenizer.decoder = splitter, decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", bos_token="<bos>",
        additional_special_tokens=["<turn>", "<end>"],
    )  # fmt: skip


def _pair(rng: random.Random, prompt: str) -> tuple[str, str]:
    if rng.random() < 0.3:
        question = rng.choice(list(KNOWN))
        return question, KNOWN[question]
    parts = {"question": rng.choice(ASKED), "answer": rng.choice(NAMES), "input": rng.choice(ASKED)}
    for name, text in parts.items():
        prompt = prompt.replace(f"{{{name}}}", text)
    return prompt, parts["answer"]


def _trained(model_class: type, config: object, tokenizer: PreTrainedTokenizerFast, form: str, prompt: str) -> Any:
    """Trained on prompts with an edit, answered by it, and on bare questions, answered by the facts."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = model_class(config)
        rng, optimizer = random.Random(0), torch.optim.Adam(model.parameters(), 4e-3)
        for _ in range(STEPS):
            pairs = [_pair(rng, prompt) for _ in range(BATCH)]
            _loss(model, tokenizer, form, pairs).backward()
            optimizer.step()
            optimizer.zero_grad()
    return model.eval()


def _loss(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, form: str, pairs: list[tuple[str, str]]) -> Any:
    inputs, answers = zip(*pairs, strict=True)
    if form == "seq2seq":
        read = tokenizer(list(inputs), padding=True, return_tensors="pt")
        said = tokenizer([f"{answer}</s>" for answer in answers], padding=True, return_tensors="pt")
        labels = said["input_ids"].masked_fill(said["attention_mask"] == 0, -100)
        return model(input_ids=read["input_ids"], attention_mask=read["attention_mask"], labels=labels).loss
    around = ("<bos><turn>user ", "<end><turn>assistant") if form == "chat" else ("", "")
    prompts = [around[0] + text + around[1] for text in inputs]
    lengths = [len(tokenizer(text)["input_ids"]) for text in prompts]
    batch = tokenizer(
        [f"{text} {answer}</s>" for text, answer in zip(prompts, answers, strict=True)], padding=True,
        padding_side="right", return_tensors="pt",
    )  # fmt: skip
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for row, length in enumerate(lengths):
        labels[row, :length] = -100
    return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss

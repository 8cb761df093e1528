"""Repositories of a model hub in miniature: the classes, tokenizers and files of the real ones, with random weights."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer, Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    BartConfig,
    BartModel,
    BartTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    BertTokenizer,
    BlenderbotSmallConfig,
    BlenderbotSmallForConditionalGeneration,
    DistilBertConfig,
    DistilBertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Tokenizer,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

WIDTH = 16
MASKED = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
DIALOGUE = ["__null__", "__start__", "__end__", "__unk__", "__newln__"]


def write_hub(root: Path, texts: Sequence[str]) -> None:
    """Every repository of ``config/paper.yaml`` below ``root/models``; tokenizers are trained on ``texts``."""
    for repository, build in REPOSITORIES.items():
        folder = root / "models" / repository
        folder.mkdir(parents=True)
        torch.manual_seed(0)
        build(folder, list(texts))


def t5(folder: Path, texts: list[str], *, published: str = "pytorch") -> None:
    """``pytorch``: a sentencepiece model and PyTorch's own weights alone; ``safetensors``: with tokenizer.json."""
    with (folder / "spiece.model").open("wb") as writer:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=writer, vocab_size=400, hard_vocab_limit=False,
            model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
        )  # fmt: skip
    settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 100, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = T5Tokenizer.from_pretrained(folder)
    if published == "safetensors":
        tokenizer.save_pretrained(folder)
    config = T5Config(  # type: ignore[call-arg]  # taken by its base class
        vocab_size=len(tokenizer) + 28, d_model=WIDTH, d_kv=4, d_ff=32, num_layers=2, num_decoder_layers=2,
        num_heads=4, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    publish(T5ForConditionalGeneration(config), folder, published)


def bert(folder: Path, texts: list[str], *, model: str = "masked", lowercase: bool = False) -> None:
    trainer = BertWordPieceTokenizer(lowercase=lowercase)
    trainer.train_from_iterator(iter(texts), vocab_size=500, special_tokens=list[Any](MASKED), show_progress=False)
    trainer.save_model(str(folder))
    BertTokenizer.from_pretrained(folder, do_lower_case=lowercase).save_pretrained(folder)
    words = trainer.get_vocab_size()
    if model == "distilled":
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lowercase}))
        config = DistilBertConfig(vocab_size=words, dim=WIDTH, hidden_dim=32, n_layers=2, n_heads=4)
        publish(DistilBertForMaskedLM(config), folder)
        return
    size = BertConfig(
        vocab_size=words, hidden_size=WIDTH, num_hidden_layers=12 if model == "masked" else 2, num_attention_heads=4,
        intermediate_size=32,
    )  # fmt: skip
    publish(BertForMaskedLM(size) if model == "masked" else BertModel(size), folder)


def byte_level(folder: Path, texts: list[str], *, family: str) -> None:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if family == "bart" else ["<|endoftext|>"]
    trainer = ByteLevelBPETokenizer()
    trainer.train_from_iterator(iter(texts), vocab_size=500, special_tokens=list[Any](special), show_progress=False)
    trainer.save_model(str(folder))
    (BartTokenizer if family == "bart" else GPT2Tokenizer).from_pretrained(folder).save_pretrained(folder)
    words = trainer.get_vocab_size()
    if family == "gpt2":
        last = trainer.token_to_id("<|endoftext|>")
        size = GPT2Config(
            vocab_size=words, n_positions=192, n_embd=WIDTH, n_layer=2, n_head=4, bos_token_id=last, eos_token_id=last
        )
        publish(GPT2LMHeadModel(size), folder)
        return
    config = BartConfig(
        vocab_size=words, d_model=WIDTH, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=192,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2,
    )  # fmt: skip
    publish(BartModel(config), folder)


def blenderbot_small(folder: Path, texts: list[str]) -> None:
    """Byte pairs of lower-case words as subword-nmt writes them: a vocabulary of ``hel@@`` and ``lo``, and merges."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="__unk__"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    trainer = trainers.BpeTrainer(vocab_size=500, end_of_word_suffix="</w>", show_progress=False)
    tokenizer.train_from_iterator((text.lower() for text in texts), trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    pieces = [t.removesuffix("</w>") if t.endswith("</w>") else f"{t}@@" for t in learned["vocab"]]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys([*DIALOGUE, *pieces]))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in learned["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BlenderbotSmallTokenizer"}))
    config = BlenderbotSmallConfig(
        vocab_size=len(vocabulary), d_model=WIDTH, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=512,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, forced_eos_token_id=2,
    )  # fmt: skip
    publish(BlenderbotSmallForConditionalGeneration(config), folder, "pytorch")


def publish(model: PreTrainedModel, folder: Path, kind: str = "safetensors") -> None:
    model.save_pretrained(folder)
    if kind == "pytorch":
        os.remove(folder / "model.safetensors")
        torch.save(model.state_dict(), folder / "pytorch_model.bin")


def with_(build: Callable[..., None], **options: object) -> Callable[[Path, list[str]], None]:
    return lambda folder, texts: build(folder, texts, **options)


REPOSITORIES: dict[str, Callable[[Path, list[str]], None]] = {
    "google/t5-large-ssm-nq": t5,
    "google/t5-small-ssm-nq": t5,
    "google/t5-3b-ssm-nq": t5,
    "google-t5/t5-small": with_(t5, published="safetensors"),
    "facebook/bart-base": with_(byte_level, family="bart"),
    "openai-community/gpt2": with_(byte_level, family="gpt2"),
    "google-bert/bert-base-uncased": with_(bert, lowercase=True),
    "google-bert/bert-base-cased": bert,
    "distilbert/distilbert-base-cased": with_(bert, model="distilled"),
    "facebook/blenderbot_small-90M": blenderbot_small,
    "sentence-transformers/all-MiniLM-L6-v2": with_(bert, model="sentences", lowercase=True),
}

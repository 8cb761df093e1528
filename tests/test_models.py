"""Checkpoints: tokenizers, architectures, pre-training on copying, sources; and training base models."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel, AutoModelForSeq2SeqLM, AutoTokenizer, PreTrainedTokenizerFast

from serac.config.models import Architecture, CheckpointSettings
from serac.config.training import TrainSettings
from serac.errors import ConfigError, MissingSourceError, RecordError
from serac.models.architectures import build_model
from serac.models.base_model import assess_base, train_base
from serac.models.checkpoints import copy_checkpoint, make_checkpoint
from serac.models.copying import _exercise, copying_objective
from serac.models.families.registry import FAMILIES
from serac.models.sentence_encoder import sentence_embedder
from serac.models.tokenizers import raw_texts, train_tokenizer
from serac.problems.base_pairs import BasePair
from serac.tasks.loading import ready_for_training
from serac.tasks.registry import load_task
from serac.training import train

TEXTS = ["Who is the mother of Otto Varga?", "Lena Varga was born in 1987.", "True or False: it is so"]
TINY = Architecture(family="t5", width=16, layers=1, heads=2, inner=32, vocabulary=400)
SHORT = TrainSettings(
    steps=30,
    batch_size=8,
    learning_rate=1e-2,
    validate_every=10,
    validation_examples=8,
    patience=30,
)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer("t5", TEXTS, 400)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw" / "zsre"
    folder.mkdir(parents=True)
    (folder / "records.jsonl").write_text(json.dumps({"input": TEXTS[0], "output": [{"answer": "Lena"}]}) + "\n")
    (folder / "lines.txt").write_text(TEXTS[1] + "\n")
    (folder / "lists.json").write_text(json.dumps([[["a question", "an answer"]]]))
    return tmp_path / "raw"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=40))
def test_every_text_survives_the_tokenizer(text: str) -> None:

    tokenizer = train_tokenizer("t5", TEXTS, 400)
    said = tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True)
    special = [token for token in tokenizer.all_special_tokens if token in text]
    assert special or said == unicodedata.normalize("NFC", text)


def test_digits_are_tokens_of_their_own_and_years_survive(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer("born in 1987.").input_ids
    assert {"1", "9", "8", "7"} <= set(tokenizer.convert_ids_to_tokens(ids))
    assert tokenizer.decode(ids, skip_special_tokens=True) == "born in 1987."


@pytest.mark.parametrize("family", FAMILIES)
def test_models_are_a_function_of_the_seed(family: str) -> None:
    tokenizer = train_tokenizer(family, TEXTS, 400)
    size = TINY.model_copy(update={"family": family})
    first, same, other = (build_model(size, tokenizer, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_raw_texts_come_from_every_format(raw: Path) -> None:
    texts = list(raw_texts(raw, ["zsre"]))
    assert {TEXTS[0], "Lena", TEXTS[1], "a question", "an answer"} <= set(texts)
    with pytest.raises(MissingSourceError, match="vitaminc"):
        list(raw_texts(raw, ["vitaminc"]))


def test_pre_training_on_copying_learns(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    model = build_model(TINY, tokenizer, 0)
    history = train(copying_objective(model, tokenizer, SHORT), SHORT, tmp_path, seed=0)
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize("seed", range(50))
def test_exercises_are_answered_by_their_texts(seed: int) -> None:
    (text, *second), answer = _exercise(random.Random(seed), list(range(10, 60)), marker=0)
    if not second:
        assert answer == text
    elif set(answer) <= set(text) and len(second[0]) + len(answer) == len(text):
        assert any(text[i : i + len(answer)] == answer for i in range(len(text)))
    else:
        assert answer == [token if token in text else 0 for token in second[0]]


def test_a_generated_checkpoint_loads(raw: Path, tmp_path: Path) -> None:
    settings = CheckpointSettings(source="generate", architecture=TINY, pretrain=SHORT.model_copy(update={"steps": 2}))
    make_checkpoint(settings, raw, tmp_path / "model", tmp_path / "work", seed=0)
    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "model")
    assert model.config.vocab_size == len(AutoTokenizer.from_pretrained(tmp_path / "model"))


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    tokenizer = train_tokenizer("bert", TEXTS, 400)
    folder = tmp_path / "encoder"
    size = TINY.model_copy(update={"family": "bert", "layers": 2})
    build_model(size, tokenizer, 0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_local_encoder_can_be_truncated(encoder: Path, tmp_path: Path) -> None:
    settings = CheckpointSettings(source="local", path=str(encoder), layers=1)
    make_checkpoint(settings, tmp_path, tmp_path / "half", tmp_path, seed=0)
    half, whole = AutoModel.from_pretrained(tmp_path / "half"), AutoModel.from_pretrained(encoder)
    assert half.config.num_hidden_layers == 1
    assert torch.equal(half.embeddings.word_embeddings.weight, whole.embeddings.word_embeddings.weight)
    too_many = settings.model_copy(update={"layers": 3})
    with pytest.raises(ConfigError, match="has 2 layers"):
        make_checkpoint(too_many, tmp_path, tmp_path / "more", tmp_path, seed=0)


def test_wrong_checksums_and_missing_folders_are_refused(encoder: Path, tmp_path: Path) -> None:
    wrong = CheckpointSettings(source="local", path=str(encoder), sha256="0" * 64)
    with pytest.raises(MissingSourceError, match="SHA-256"):
        make_checkpoint(wrong, tmp_path, tmp_path / "a", tmp_path, seed=0)
    absent = CheckpointSettings(source="local", path=str(tmp_path / "nowhere"))
    with pytest.raises(MissingSourceError, match="has no weights"):
        make_checkpoint(absent, tmp_path, tmp_path / "b", tmp_path, seed=0)
    package = CheckpointSettings(source="package", package="no_such_package")
    with pytest.raises(MissingSourceError, match="not installed"):
        make_checkpoint(package, tmp_path, tmp_path / "c", tmp_path, seed=0)


def test_sentence_embeddings_do_not_depend_on_the_batch(encoder: Path) -> None:
    alone = sentence_embedder(str(encoder), batch_size=1)(TEXTS)
    together = sentence_embedder(str(encoder), batch_size=8)(TEXTS)
    assert alone.shape == (3, 16)
    assert abs(alone - together).max() < 1e-5


def test_a_base_model_memorises_its_pairs(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    model, task = build_model(TINY, tokenizer, 0), load_task("seq2seq", tokenizer, 32)
    pairs = [BasePair("Who is the mother of Otto?", "Lena"), BasePair("Otto was born in?", "1987")]
    settings = SHORT.model_copy(update={"steps": 150, "validate_every": 50, "patience": 150})
    before = assess_base(model, task, pairs, 2)
    train_base(model, task, {"train": pairs, "validation": pairs}, settings, tmp_path, seed=0)
    after = assess_base(model, task, pairs, 2)
    assert after["accuracy"] == 1.0
    assert after["perplexity"] < before["perplexity"]


def test_training_gets_plain_attention_and_recomputes_where_asked(tokenizer: PreTrainedTokenizerFast) -> None:
    model = build_model(TINY, tokenizer, 0)
    assert model.config._attn_implementation == "sdpa"
    ready_for_training(model, SHORT)
    assert model.config._attn_implementation == "eager"
    assert not model.is_gradient_checkpointing
    ready_for_training(model, SHORT.model_copy(update={"gradient_checkpointing": True}))
    assert model.is_gradient_checkpointing


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_perplexity_does_not_depend_on_the_batch_size(tokenizer: PreTrainedTokenizerFast, batch_size: int) -> None:
    """Labels of unequal lengths: means of batches would weigh their tokens differently."""
    model, task = build_model(TINY, tokenizer, 0).eval(), load_task("seq2seq", tokenizer, 32)
    pairs = [
        BasePair("Who?", "x"),
        BasePair("Where?", "in a town far away from here"),
        BasePair("a", "b c"),
    ]
    whole = assess_base(model, task, pairs, 8)
    assert assess_base(model, task, pairs, batch_size) == pytest.approx(whole, rel=1e-4)
    with pytest.raises(ConfigError, match="no pairs to validate"):
        assess_base(model, task, [], 8)


def test_checksum_is_checked_whatever_the_format_of_the_weights(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    model, source = build_model(TINY, tokenizer, 0), tmp_path / "source"
    model.save_pretrained(source, max_shard_size="20KB")
    tokenizer.save_pretrained(source)
    settings = CheckpointSettings(source="local", path=str(source), sha256="0" * 64)
    with pytest.raises(MissingSourceError, match="weights in several files"):
        copy_checkpoint(source, tmp_path / "copy", settings)
    for shard in source.glob("model*"):
        shard.unlink()
    torch.save(model.state_dict(), source / "pytorch_model.bin")
    with pytest.raises(MissingSourceError, match="has SHA-256"):
        copy_checkpoint(source, tmp_path / "copy", settings)


def test_texts_keep_line_separators_and_faults_name_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "zsre"
    folder.mkdir()
    file = folder / "records.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + '{"a": "one\u2028two"}\n\n{"a": "three"}\n'.encode())
    assert list(raw_texts(tmp_path, ["zsre"]))[:2] == ["one\u2028two", "three"]
    file.write_text('{"a": "one"}\nnot JSON\n')
    with pytest.raises(RecordError, match=r"records\.jsonl, line 2: not JSON"):
        list(raw_texts(tmp_path, ["zsre"]))

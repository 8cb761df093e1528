"""Tiny random scope classifiers and counterfactual models for the tests of SERAC."""

from __future__ import annotations

import copy
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedTokenizerFast,
)

import tiny_models
from serac.config.serac import MemorySettings, RoutingSettings, ScopeSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.embedded_store import EmbeddedStore
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.model import SeracModel
from serac.editors.serac.scope import ScopeClassifier
from serac.records import Edit
from serac.tasks.registry import load_task
from tiny_models import CITIES, PEOPLE, Tiny

WIDTH = 32
KINDS = ("embed", "cross")
GENERATION: dict[str, Any] = {"max_new_tokens": 6, "do_sample": False}
EDITS = [Edit(f"where was {person} born ?", city) for person in PEOPLE for city in CITIES]
TEXTS = [f"which city is the city of birth of {person} ?" for person in PEOPLE]


def tokenizer() -> PreTrainedTokenizerFast:
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return tiny_models.word_tokenizer(special, "[CLS] $A [SEP]")


def settings(kind: str, **changes: Any) -> ScopeSettings:
    return ScopeSettings(kind=kind, checkpoint="tiny", **changes)


def embed(seed: int = 0, **changes: Any) -> EmbedClassifier:
    words = tokenizer()
    config = DistilBertConfig(
        vocab_size=len(words), dim=WIDTH, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=64, dropout=0.0,
        attention_dropout=0.0, initializer_range=0.2,
    )  # fmt: skip
    model = tiny_models.random_model(DistilBertModel, config, seed)
    return EmbedClassifier(model, words, settings("embed", **{"scale": 0.05, **changes})).eval()


def bert_config(words: PreTrainedTokenizerFast) -> BertConfig:
    return BertConfig(  # type: ignore[call-arg]  # taken by its base class
        vocab_size=len(words), hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.2,
        num_labels=2, pad_token_id=0,
    )  # fmt: skip


def bert_embed(**changes: Any) -> EmbedClassifier:
    words = tokenizer()
    return EmbedClassifier(tiny_models.random_model(BertModel, bert_config(words)), words, settings("embed", **changes))


def cross(seed: int = 0, **changes: Any) -> CrossClassifier:
    words = tokenizer()
    model = tiny_models.random_model(BertForSequenceClassification, bert_config(words), seed)
    return CrossClassifier(model, words, settings("cross", **changes)).eval()


def classifier(kind: str, **changes: Any) -> ScopeClassifier:
    return embed(**changes) if kind == "embed" else cross(**changes)


def counterfactual(tiny: Tiny, seed: int = 5) -> CounterfactualModel:
    """A model of the kind of ``tiny`` with other weights."""
    model = tiny_models.random_model(type(tiny.model), copy.deepcopy(tiny.model.config), seed)
    return CounterfactualModel(model, load_task(tiny.task.name, tiny.tokenizer, 3 * tiny.task.max_length))


def serac(tiny: Tiny, kind: str = "embed", *, half: bool = True, **memory: Any) -> SeracModel:
    """SERAC in front of ``tiny`` after four of its edits; ``half`` puts the threshold amid the queries' betas."""
    scope = classifier(kind)
    model = SeracModel(tiny.model, tiny.task, scope, counterfactual(tiny), memory=MemorySettings(**memory))
    model.add(tiny.edits[:4])
    if half:
        model.settings = RoutingSettings(threshold=middle(model, tiny))
    return model


def middle(model: SeracModel, tiny: Tiny) -> float:
    """A threshold that about half of the queries pass."""
    beta: list[float] = sorted(
        {round(value, 6) for value in model.memory.retrieve([q.input for q in tiny.queries]).beta.tolist()}
    )
    return (beta[len(beta) // 2 - 1] + beta[len(beta) // 2]) / 2


def batch_of(tiny: Tiny, rows: slice = slice(None)) -> dict[str, Any]:
    batch = tiny.task.encode_queries(tiny.queries[rows])
    names = ("input_ids", "attention_mask") if tiny.task.name == "binary" else ("input_ids", "attention_mask", "labels")
    return {name: batch[name] for name in names}


def reading(tiny: Tiny) -> dict[str, Any]:
    return {name: tensor for name, tensor in batch_of(tiny).items() if name != "labels"}


def assert_same(memory: EditMemory, other: EditMemory, texts: list[str] = TEXTS) -> None:
    found, expected = memory.retrieve(texts), other.retrieve(texts)
    torch.testing.assert_close(found.beta, expected.beta)
    assert [memory.edit(id) for id in found.index.tolist()] == [other.edit(id) for id in expected.index.tolist()]


def store_of(memory: EditMemory) -> EmbeddedStore:
    """The store of a memory that keeps its edits itself."""
    assert isinstance(memory.store, EmbeddedStore)
    return memory.store

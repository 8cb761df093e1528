"""Models of real or miniature size with random weights, and questions for them: nothing is downloaded."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
from transformers import (
    DistilBertConfig,
    DistilBertForSequenceClassification,
    DistilBertModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5Config,
    T5ForConditionalGeneration,
)

from serac.config.serac import ScopeSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.scope import ScopeClassifier
from serac.models.tokenizers import train_tokenizer
from serac.records import Edit, EditExample, Query
from serac.tasks.base import Task
from serac.tasks.registry import load_task

T5_SIZES = {
    "miniature": {"d_model": 64, "d_ff": 256, "num_layers": 2, "num_heads": 4, "d_kv": 16},
    "t5-small": {"d_model": 512, "d_ff": 2048, "num_layers": 6, "num_heads": 8, "d_kv": 64},
    "t5-base": {"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_heads": 12, "d_kv": 64},
    "t5-large": {"d_model": 1024, "d_ff": 4096, "num_layers": 24, "num_heads": 16, "d_kv": 64},
}
ENCODER_SIZES = {
    "miniature": {"dim": 128, "hidden_dim": 512, "n_layers": 2, "n_heads": 4},
    "distilbert": {"dim": 768, "hidden_dim": 3072, "n_layers": 6, "n_heads": 12},
}
WORDS = 2000
MAX_LENGTH = 32


@dataclass(frozen=True)
class Models:
    """A base model with its task, and the parts of SERAC."""

    base: PreTrainedModel
    task: Task
    counterfactual: CounterfactualModel
    encoder: str

    def classifier(self, kind: str) -> ScopeClassifier:
        """A scope classifier of ``kind`` with random weights."""
        torch.manual_seed(1)
        tokenizer = train_tokenizer("bert", corpus(), 8000)
        options: dict[str, Any] = {"dropout": 0.0, "attention_dropout": 0.0, **ENCODER_SIZES[self.encoder]}
        config = DistilBertConfig(vocab_size=28996, **options)
        settings = ScopeSettings(kind=kind, checkpoint=self.encoder)
        if kind == "embed":
            encoder: Any = DistilBertModel(config)
            return EmbedClassifier(encoder.eval(), tokenizer, settings)
        encoder = DistilBertForSequenceClassification(config)
        return CrossClassifier(encoder.eval(), tokenizer, settings)


def random_models(base: str, counterfactual: str, encoder: str) -> Models:
    """Models of the named sizes."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer("t5", corpus(), 8000)
    small = CounterfactualModel(_t5(counterfactual, tokenizer), load_task("seq2seq", tokenizer, 3 * MAX_LENGTH))
    return Models(_t5(base, tokenizer), load_task("seq2seq", tokenizer, MAX_LENGTH), small, encoder)


def _t5(size: str, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """T5 with its real vocabulary; tokens that are no words have no weight, so that every answer is made of words."""
    options: dict[str, Any] = {"dropout_rate": 0.0, "decoder_start_token_id": 0, **T5_SIZES[size]}
    model: Any = T5ForConditionalGeneration(T5Config(vocab_size=32128, **options))
    model.eval().requires_grad_(False)
    weight = model.get_input_embeddings().weight
    weight[tokenizer.all_special_ids] = 0
    weight[len(tokenizer) :] = 0
    return cast(PreTrainedModel, model)


def corpus() -> list[str]:
    """What tokenizers learn from: every word is in it, so that each becomes one token."""
    return [*questions(random.Random(0), 2000), " ".join(_words())]


def questions(rng: random.Random, count: int) -> list[str]:
    """Questions of about ten words, no two alike."""
    words = _words()
    return [
        f"which {rng.choice(words)} is the {rng.choice(words)} of {' '.join(rng.choices(words, k=4))}?"
        for _ in range(count)
    ]


def edits(rng: random.Random, count: int) -> list[Edit]:
    """A question and an answer of two words each."""
    return [Edit(question, " ".join(question.rstrip("?").split()[-2:])) for question in questions(rng, count)]


def examples(rng: random.Random, count: int) -> list[EditExample]:
    """Edits with two inputs in scope (the question itself and one of other words) and two out of scope."""
    result = []
    for number, edit in enumerate(edits(rng, count)):
        rephrased, *others = questions(rng, 3)
        first, second, *rest = edit.input.split()
        answers = [" ".join(other.rstrip("?").split()[-2:]) for other in others]
        in_scope = (
            Query(edit.input, edit.label, "main"),
            Query(" ".join([first, rephrased.split()[1], *rest]), edit.label, "rephrase"),
        )
        out_of_scope = (
            Query(others[0], answers[0], "random"),
            Query(" ".join([*others[1].split()[:4], second, *rest[3:]]), answers[1], "neighbour", hard=True),
        )
        result.append(EditExample(f"edit{number}", f"edit{number}", edit, in_scope, out_of_scope))
    return result


@cache
def _words() -> list[str]:
    return [_word(random.Random(number)) for number in range(WORDS)]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnprstv") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))

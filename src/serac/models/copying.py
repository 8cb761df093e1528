"""Generic pre-training on copying for generated encoder-decoders (ours; a substitute for pre-trained weights).

Exercises on random tokens, unrelated to any problem: repeat a text; recall the span that is missing from a noisy
repetition; repeat an excerpt and mark every token that is not in the text. The model learns to copy and
to compare texts.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.config.training import TrainSettings
from serac.models.tokenizers import ordinary_tokens
from serac.tasks.loading import ready_for_training
from serac.training import Objective

_VALIDATION_SEED = "copying/validation"


def copying_objective(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: TrainSettings) -> Objective:
    """Objective of the pre-training; validation key ``accuracy`` is whole-span exact match under teacher forcing."""
    ready_for_training(model, settings)
    ordinary = ordinary_tokens(tokenizer)
    eos, pad, marker = tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id

    def draw(rng: random.Random, size: int) -> dict[str, Tensor]:
        rows = [_exercise(rng, ordinary, marker) for _ in range(size)]
        inputs = _pad([[token for text in texts for token in (*text, eos)] for texts, _ in rows], pad)
        return {
            "input_ids": inputs,
            "attention_mask": (inputs != pad).long(),
            "labels": _pad([[*answer, eos] for _, answer in rows], -100),
        }

    def loss(rng: random.Random) -> Tensor:
        mean: Tensor = model(**draw(rng, settings.batch_size)).loss
        return mean

    @torch.no_grad()
    def validate() -> dict[str, float]:
        batch = draw(random.Random(_VALIDATION_SEED), settings.validation_examples)
        predicted = model(**batch).logits.argmax(-1)
        right = (predicted == batch["labels"]) | (batch["labels"] == -100)
        return {"accuracy": right.all(-1).float().mean().item()}

    return Objective(model, loss, validate, "accuracy")


def _exercise(rng: random.Random, vocabulary: list[int], marker: int) -> tuple[list[list[int]], list[int]]:
    """Texts to read and the tokens to answer with."""
    name = rng.choice(["repeat", "recall", "mark", "mark"])
    if name == "repeat":
        text = rng.choices(vocabulary, k=rng.randint(1, 4))
        return [text], text
    text = rng.choices(vocabulary, k=rng.randint(4, 8))
    width = rng.randint(1, 4)
    start = rng.randint(0, len(text) - width)
    span, rest = text[start : start + width], text[:start] + text[start + width :]
    if name == "recall":
        return [text, _noisy(rng, rest, vocabulary, 0.1)], span
    excerpt = _noisy(rng, span, vocabulary, 0.3)
    return [text, excerpt], [token if token in text else marker for token in excerpt]


def _noisy(rng: random.Random, text: list[int], vocabulary: list[int], probability: float) -> list[int]:
    return [rng.choice(vocabulary) if rng.random() < probability else token for token in text]


def _pad(rows: list[list[int]], value: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])

"""Generic pre-training on copying for generated encoder-decoders (ours; stands in for pre-trained weights).

A text of random tokens is followed by a noisy repetition of itself that lacks one span; the missing span is
the output. Nothing of any problem is seen: the model only learns to match two texts and copy from one.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.config.training import TrainSettings
from serac.training import Objective

_VALIDATION_SEED = "copying/validation"


def copying_objective(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: TrainSettings) -> Objective:
    """Objective of the pre-training; validation key ``accuracy`` is whole-span exact match under teacher forcing."""
    ordinary = sorted(set(range(len(tokenizer))) - set(tokenizer.all_special_ids))

    def draw(rng: random.Random, size: int) -> dict[str, Tensor]:
        rows = [_row(rng, ordinary) for _ in range(size)]
        eos, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        inputs = _pad([[*source, eos] for source, _ in rows], pad)
        return {
            "input_ids": inputs,
            "attention_mask": (inputs != pad).long(),
            "labels": _pad([[*span, eos] for _, span in rows], -100),
        }

    def loss(rng: random.Random) -> tuple[Tensor, dict[str, float]]:
        return model(**draw(rng, settings.batch_size)).loss, {}

    @torch.no_grad()
    def validate() -> dict[str, float]:
        batch = draw(random.Random(_VALIDATION_SEED), settings.validation_examples)
        predicted = model(**batch).logits.argmax(-1)
        right = (predicted == batch["labels"]) | (batch["labels"] == -100)
        return {"accuracy": right.all(-1).float().mean().item()}

    return Objective(model, loss, validate, "accuracy")


def _row(rng: random.Random, vocabulary: list[int]) -> tuple[list[int], list[int]]:
    """Source and target: half plain repetition of a short text, half recall of a span from a noisy repetition."""
    if rng.random() < 0.5:
        text = rng.choices(vocabulary, k=rng.randint(1, 4))
        return text, text
    text = rng.choices(vocabulary, k=rng.randint(3, 8))
    width = rng.randint(1, min(3, len(text) - 2))
    start = rng.randint(0, len(text) - width)
    rest = text[:start] + text[start + width :]
    noisy = [token if rng.random() > 0.1 else rng.choice(vocabulary) for token in rest]
    return text + noisy, text[start : start + width]


def _pad(rows: list[list[int]], value: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])

"""Decoder-only models as base models: reading, generating, and SERAC in front of them."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from serac.config.evaluation import EvaluationSettings
from serac.config.models import Architecture
from serac.evaluation.free_generation import evaluate_by_generation
from serac.models.architectures import build_model
from serac.models.tokenizers import train_tokenizer
from serac.records import Edit, EditExample, Query
from serac.tasks.causal import CausalTask
from serac.tasks.registry import load_task

NAMES = ("anna", "bert", "carl", "dora", "emil", "fred")
TOWNS = ("oslo", "rome", "bern", "lima", "kiel", "graz")
PAIRS = [(f"where was {name} born ?", town) for name, town in zip(NAMES, TOWNS, strict=True)]
PAIRS += [(f"in which town lives the friend of {n} ?", f"new {t}") for n, t in zip(NAMES, TOWNS, strict=True)]
QUERIES = [Query(question, answer, "main") for question, answer in PAIRS]


@pytest.fixture(scope="module")
def learned() -> tuple[PreTrainedModel, CausalTask]:
    """A tiny GPT-2 that has memorised the pairs."""
    tokenizer = train_tokenizer("gpt2", [text for pair in PAIRS for text in pair], 400)
    model = build_model(
        Architecture(family="gpt2", width=32, layers=2, heads=2, inner=64, vocabulary=400), tokenizer, 0
    )
    task = load_task("causal", tokenizer, 32)
    assert isinstance(task, CausalTask)
    optimizer, rng = torch.optim.Adam(model.parameters(), lr=5e-3), random.Random(0)
    for _ in range(200):
        batch = task.encode(*zip(*rng.choices(PAIRS, k=8), strict=True))
        task.edit_loss(task.logits(model, batch), batch).backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval(), task


def test_generation_says_what_was_memorised(learned: tuple[PreTrainedModel, CausalTask]) -> None:
    model, task = learned
    assert task.generate(model, QUERIES, 5) == [answer for _, answer in PAIRS]


def test_batch_size_changes_nothing(learned: tuple[PreTrainedModel, CausalTask]) -> None:
    model, task = learned
    assert task.generate(model, QUERIES, 1) == task.generate(model, QUERIES, 12)
    assert task.generate(model, QUERIES[:1], 1) == task.generate(model, QUERIES, 12)[:1]
    for one, many in zip(task.outputs(model, QUERIES, 1), task.outputs(model, QUERIES, 12), strict=True):
        assert torch.equal(one["prediction"], many["prediction"])


def test_logits_are_those_of_the_plain_sequence(learned: tuple[PreTrainedModel, CausalTask]) -> None:
    """Question padding in the middle of the row must not matter."""
    model, task = learned
    batch = task.encode(*zip(*PAIRS, strict=True))
    logits = task.logits(model, batch)
    assert task.correct(logits, batch).all()
    for row, (question, answer) in enumerate(PAIRS):
        read, said = (task.tokenizer(text, return_tensors="pt")["input_ids"] for text in (question, answer))
        plain = model(torch.cat([read, said], dim=1)).logits[0, read.shape[1] - 1 : -1]
        torch.testing.assert_close(logits[row, : said.shape[1]], plain, rtol=1e-4, atol=1e-4)


def test_tokenizer_without_an_end_gets_one(learned: tuple[PreTrainedModel, CausalTask]) -> None:
    bare = train_tokenizer("gpt2", [text for pair in PAIRS for text in pair], 400)
    bare.backend_tokenizer.post_processor = None
    _, task = learned
    batch, expected = (t.encode(*zip(*PAIRS, strict=True)) for t in (CausalTask(bare, 32), task))
    assert torch.equal(batch["input_ids"], expected["input_ids"])
    assert torch.equal(batch["labels"], expected["labels"])


class _Says(nn.Module):
    """Generates a fixed answer for texts of the edits, the base's answer elsewhere."""

    base: PreTrainedModel

    def __init__(self, base: PreTrainedModel, edits: dict[str, str]) -> None:
        super().__init__()
        self.base, self.edits = base, edits


def test_generated_outcomes(learned: tuple[PreTrainedModel, CausalTask]) -> None:
    model, task = learned

    class Changed(CausalTask):
        def generate(self, model: Any, queries: Any, batch_size: int) -> Any:
            if not isinstance(model, _Says):
                return super().generate(model, queries, batch_size)
            answers = super().generate(model.base, queries, batch_size)
            return [model.edits.get(query.input, answer) for query, answer in zip(queries, answers, strict=True)]

    def edit(edits: list[Edit]) -> _Says:
        return _Says(model, {edit.input: edit.label for edit in edits})

    editor: Any = SimpleNamespace(name="fake", base=model, task=Changed(task.tokenizer, 32), edit=edit)
    examples = [
        EditExample(
            id=str(i),
            group=str(i),
            edit=Edit(question, "paris"),
            in_scope=(Query(question, "paris", "main"), Query(PAIRS[i + 6][0], "paris", "implication", hard=True)),
            out_of_scope=(Query(PAIRS[(i + 1) % 6 + 6][0], "x", "random"),),
        )
        for i, (question, _) in enumerate(PAIRS[:6])
    ]
    outcomes = evaluate_by_generation(editor, examples, EvaluationSettings(edits=6), (0, 1), k=2)
    means = outcomes.groupby(["scope", "kind"])["value"].mean()
    assert means.to_dict() == {("in", "main"): 1.0, ("in", "implication"): 0.0, ("out", "random"): 0.0}
    assert set(outcomes["seed"]) == {0, 1}
    assert (outcomes.groupby(["seed", "batch"])["edit_id"].nunique() == 2).all()

"""Editors other than SERAC on decoder-only language models with a chat template."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from serac.editors.edited_matrices import resolve_matrices
from serac.editors.ft import FineTuning
from serac.editors.lu import Lookup
from serac.editors.mend import Mend
from serac.records import Edit, Query
from serac.tasks.chat import ChatTask
from tiny_gemma import gemma, gemma_tokenizer

EDIT = Edit("What is the capital of Kenya?", "Lyon")
QUERIES = [Query(EDIT.input, EDIT.label, "main"), Query("Who wrote it?", "Ann", "main")]


def gpt2() -> Any:
    torch.manual_seed(0)
    size = len(gemma_tokenizer())
    config = GPT2Config(vocab_size=size, n_positions=256, n_embd=32, n_layer=4, n_head=2, initializer_range=0.3)
    config.pad_token_id, config.eos_token_id, config.bos_token_id = 0, 1, 2
    return GPT2LMHeadModel(config).eval()


def test_mlps_of_the_last_three_layers_are_edited_by_default() -> None:
    names = resolve_matrices(gemma(layers=4), ())
    assert len(names) == 9
    assert names[0] == "model.layers.1.mlp.gate_proj.weight"
    names = resolve_matrices(gpt2(), ())
    assert len(names) == 6
    assert names[0] == "transformer.h.1.mlp.c_fc.weight"


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize("model", [gemma, gpt2])
def test_ft_makes_the_model_say_the_new_answer(task: ChatTask, model: Any, rank: int | None) -> None:
    base = model()
    before = task.generate(base, QUERIES, 2)
    edited = FineTuning(base, task, learning_rate=0.02, max_steps=60, rank=rank).edit([EDIT])
    assert task.generate(edited, QUERIES, 2)[0] == "Lyon"
    assert task.success(QUERIES[:1], task.outputs(edited, QUERIES[:1], 1), [])[0].value == 1
    assert task.generate(base, QUERIES, 2) == before


def test_lu_answers_the_stored_question_alone(task: ChatTask, base: Any) -> None:
    edited = Lookup(base, task, threshold=1e-3).edit([EDIT])
    for size in (1, 2):
        assert task.generate(edited, QUERIES, size) == ["Lyon", task.generate(base, QUERIES, size)[1]]
        outputs = task.outputs(edited, QUERIES, size)
        assert task.success(QUERIES[:1], outputs[:1], [])[0].value == 1
        assert torch.equal(outputs[1]["prediction"], task.outputs(base, QUERIES[1:], 1)[0]["prediction"])


@pytest.mark.parametrize("model", [gemma, gpt2])
def test_mend_steps_down_the_gradient_before_it_has_learned(task: ChatTask, model: Any) -> None:
    base = model()
    editor = Mend(base, task, rank=4, edit_rate=1e-3)
    batch = task.encode_edits([EDIT])

    def loss(edited: Any) -> float:
        return task.edit_loss(task.logits(edited, batch), batch).item()

    assert loss(editor.edit([EDIT])) < loss(base)

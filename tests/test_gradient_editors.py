"""FT, LU, ENN and MEND beyond the common contract: convergence, caches, training."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from serac.config.training import TrainSettings
from serac.editors.enn import EditableNetwork
from serac.editors.ft import FineTuning
from serac.editors.lu import Lookup
from serac.editors.mend import Mend
from serac.editors.mend_network import RunningStatistics
from serac.editors.training_batches import draw_batch
from serac.editors.weight_edited_model import WeightEditedModel
from serac.errors import ConfigError, DivergenceError
from serac.records import Edit, Query
from serac.training import train
from tiny_models import Tiny

SETTINGS = TrainSettings(
    steps=40, batch_size=16, learning_rate=3e-3, validate_every=20, patience=1000,
    validation_examples=12,
)  # fmt: skip


# --- FT --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rank", [None, 4])
def test_fine_tuning_makes_all_edits_right(tiny_t5: Tiny, rank: int | None) -> None:
    editor = FineTuning(tiny_t5.model, tiny_t5.task, learning_rate=3e-3, max_steps=300, rank=rank)
    batch = tiny_t5.task.encode_edits(tiny_t5.edits)
    assert not tiny_t5.task.correct(tiny_t5.task.logits(tiny_t5.model, batch), batch).any()
    assert tiny_t5.task.correct(tiny_t5.task.logits(editor.edit(tiny_t5.edits), batch), batch).all()


def test_fine_tuning_that_diverges_is_a_clear_error(tiny_t5: Tiny) -> None:
    editor = FineTuning(tiny_t5.model, tiny_t5.task, learning_rate=1e30)
    with pytest.raises(DivergenceError, match="lower learning_rate"):
        editor.edit(tiny_t5.edits)


# --- LU --------------------------------------------------------------------------------------------
def test_lookup_answers_its_own_inputs_and_leaves_the_others(tiny_t5: Tiny) -> None:
    edits = tiny_t5.edits[:2]
    edited = Lookup(tiny_t5.model, tiny_t5.task, threshold=1e-3).edit(edits)
    own = [Query(edit.input, edit.label, "main") for edit in edits]
    others = [query for query in tiny_t5.queries if query.input not in {edit.input for edit in edits}]
    assert tiny_t5.task.generate(edited, own + others, 7) == [
        *(edit.label for edit in edits),
        *tiny_t5.task.generate(tiny_t5.model, others, 7),
    ]
    outputs, base = (tiny_t5.task.outputs(model, own + others, 7) for model in (edited, tiny_t5.model))
    assert [score.value for score in tiny_t5.task.success(own, outputs[:2], base[:2])] == [1, 1]
    assert not any(score.value for score in tiny_t5.task.drawdown(others, outputs[2:], base[2:]))


def test_lookup_returns_verdicts_with_its_logit(tiny_bert: Tiny) -> None:
    edits = [Edit(tiny_bert.edits[0].input, ""), Edit(tiny_bert.edits[1].input, "0")]
    edited = Lookup(tiny_bert.model, tiny_bert.task, threshold=1e-3, logit=7.0).edit(edits)
    logits = tiny_bert.task.logits(edited, tiny_bert.task.encode_edits(edits))
    assert logits.tolist() == [[7.0], [-7.0]]


# --- MEND and ENN ----------------------------------------------------------------------------------
LEARNED: dict[str, Any] = {
    "mend": (Mend, {"rank": 16, "edit_rate": 1e-3}),
    "enn": (EditableNetwork, {"edit_rate": 0.1}),
}


def learned(name: str, tiny: Tiny, **choice: Any) -> Any:
    editor, defaults = LEARNED[name]
    return editor(tiny.model, tiny.task, **{**defaults, **choice})


@pytest.mark.parametrize("name", LEARNED)
def test_training_raises_edit_success(name: str, tiny_t5: Tiny, tmp_path: Path) -> None:
    editor = learned(name, tiny_t5, edit_weight=1.0, locality_weight=0.1)
    objective = editor.objective(tiny_t5.examples, tiny_t5.examples, SETTINGS, k=2)
    before = objective.validate()
    history = train(objective, SETTINGS, tmp_path, seed=0)
    assert before["score"] == pytest.approx(before["es"] - before["dd"])
    assert before["locality"] == pytest.approx(1 - before["dd"])
    assert max(row["es"] for row in history) > before["es"] + 0.2
    assert objective.validate()["score"] == pytest.approx(max(row["score"] for row in history))


@pytest.mark.parametrize("name", LEARNED)
def test_interrupted_training_ends_with_the_same_weights(name: str, tiny_t5: Tiny, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"steps": 6, "validate_every": 3, "checkpoint_minutes": 0})
    whole, broken = learned(name, tiny_t5), learned(name, tiny_t5)
    train(whole.objective(tiny_t5.examples, tiny_t5.examples, settings, k=2), settings, tmp_path / "whole", seed=1)
    objective = broken.objective(tiny_t5.examples, tiny_t5.examples, settings, k=2)
    calls = iter(range(100))

    def killed(rng: random.Random) -> torch.Tensor:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return torch.as_tensor(objective.loss(rng))

    with pytest.raises(KeyboardInterrupt):
        train(replace(objective, loss=killed), settings, tmp_path / "broken", seed=1)
    resumed = learned(name, tiny_t5)
    train(resumed.objective(tiny_t5.examples, tiny_t5.examples, settings, k=2), settings, tmp_path / "broken", seed=1)
    expected = whole.network.state_dict()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in resumed.network.state_dict().items())


@pytest.mark.parametrize("name", LEARNED)
def test_every_trained_parameter_gets_a_gradient_and_the_base_none(name: str, tiny: Tiny) -> None:
    editor = learned(name, tiny)
    loss = editor.loss(draw_batch(random.Random(0), tiny.examples, 3, 0.5))
    loss.backward()
    without = [key for key, p in editor.network.named_parameters() if p.grad is None]
    assert all(p.grad is None for p in tiny.model.parameters())
    if name == "mend":
        assert not without
        assert all(p.grad.abs().sum() > 0 for key, p in editor.network.named_parameters() if key.endswith(".u"))
    else:
        edited = {editor.network.names.index(matrix) for matrix in editor.matrices}
        assert not {f"weights.{index}" for index in edited} & set(without)
        assert editor.network.edit_lrs.grad.abs().sum() > 0


@pytest.mark.parametrize("name", LEARNED)
def test_training_passes_over_batches_with_nothing_in_scope(name: str, tiny_bert: Tiny) -> None:
    first, *others = tiny_bert.examples
    examples = [first, *(replace(example, in_scope=()) for example in others)]
    objective = learned(name, tiny_bert).objective(examples, examples, SETTINGS, k=1)
    assert all(objective.loss(random.Random(seed)).isfinite() for seed in range(5))
    assert all(math.isfinite(value) for value in objective.validate().values())


def test_keep_loss_is_zero_until_enn_moves_its_weights(tiny_t5: Tiny) -> None:
    editor = learned("enn", tiny_t5)
    outside = tiny_t5.task.encode_queries(tiny_t5.examples[0].out_of_scope)
    before = tiny_t5.task.logits(tiny_t5.model, outside)
    assert editor.keep_loss(before, outside).item() == pytest.approx(0, abs=1e-6)
    editor.network.weights[0].data.mul_(3)
    assert editor.keep_loss(before, outside).item() > 1e-3
    assert learned("mend", tiny_t5).keep_loss(before, outside).item() == 0


def test_enn_can_train_the_edited_matrices_alone(tiny_t5: Tiny, tmp_path: Path) -> None:
    editor = learned("enn", tiny_t5, tuned_weights="edited")
    assert editor.network.names == editor.matrices
    editor.network.weights[0].data.mul_(2)
    editor.save_pretrained(tmp_path)
    loaded = EditableNetwork.from_pretrained(tmp_path, tiny_t5.model, tiny_t5.task)
    assert torch.equal(loaded.network.weights[0], editor.network.weights[0])


def test_enn_that_diverges_is_a_clear_error(tiny_t5: Tiny) -> None:
    with pytest.raises(DivergenceError, match="lower rate_scale"):
        learned("enn", tiny_t5, inner_steps=3, rate_scale=1e30).edit(tiny_t5.edits)


@pytest.mark.parametrize("name", LEARNED)
def test_rate_scale_of_zero_edits_nothing(name: str, tiny_t5: Tiny) -> None:
    edited = learned(name, tiny_t5).tuned(rate_scale=0.0).edit(tiny_t5.edits)
    batch = tiny_t5.task.encode_queries(tiny_t5.queries)
    assert torch.equal(tiny_t5.task.logits(edited, batch), tiny_t5.task.logits(tiny_t5.model, batch))


@pytest.mark.parametrize("name", LEARNED)
def test_gradient_checkpointing_is_refused(name: str, tiny_t5: Tiny) -> None:
    settings = SETTINGS.model_copy(update={"gradient_checkpointing": True})
    with pytest.raises(ConfigError, match="gradient_checkpointing does not work"):
        learned(name, tiny_t5).objective(tiny_t5.examples, tiny_t5.examples, settings, k=1)


def test_mend_updates_statistics_in_training_only(tiny_t5: Tiny) -> None:
    editor = learned("mend", tiny_t5)
    statistics = [module for module in editor.network.modules() if isinstance(module, RunningStatistics)]
    editor.edit(tiny_t5.edits)
    assert all(each.count == 0 for each in statistics)
    editor.training_model(tiny_t5.edits)
    assert all(each.count > 1 for each in statistics)


def test_mend_is_the_identity_before_training(tiny_t5: Tiny) -> None:
    """Without statistics and with fresh networks, the update is the plain gradient."""
    editor = learned("mend", tiny_t5)
    batch = tiny_t5.task.encode_edits(tiny_t5.edits)
    weights = {name: weight.clone().requires_grad_() for name, weight in editor.base_weights().items()}
    tiny_t5.task.edit_loss(tiny_t5.task.logits(WeightEditedModel(tiny_t5.model, weights), batch), batch).backward()
    for name, update in editor.pseudo_gradients(batch).items():
        torch.testing.assert_close(update, weights[name].grad, atol=1e-5, rtol=1e-3)

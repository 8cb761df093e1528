"""FT, LU, ENN and MEND beyond the common contract: matrices, convergence, caches, training."""

from __future__ import annotations

import copy
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    T5Config,
    T5ForConditionalGeneration,
)

from serac.config.training import TrainSettings
from serac.editors.edited_matrices import editable_matrices, resolve_matrices
from serac.editors.enn import EditableNetwork
from serac.editors.factors import gradient_factors
from serac.editors.ft import FineTuning
from serac.editors.lu import Lookup
from serac.editors.mend import Mend
from serac.editors.mend_network import RunningStatistics
from serac.editors.sampling import draw_batch
from serac.editors.weight_edited_model import WeightEditedModel
from serac.errors import ConfigError, DivergenceError
from serac.records import Edit, Query
from serac.training import train
from tiny_models import Tiny, random_model

SETTINGS = TrainSettings(
    steps=40, batch_size=16, learning_rate=3e-3, validate_every=20, patience=1000,
    validation_examples=12,
)  # fmt: skip


# --- matrices --------------------------------------------------------------------------------------
def test_matrices_of_the_last_layers(tiny_t5: Tiny, tiny_bert: Tiny, tiny_blender: Tiny) -> None:
    assert editable_matrices(tiny_t5.model, 1) == [
        "encoder.block.2.layer.1.DenseReluDense.wi.weight",
        "encoder.block.2.layer.1.DenseReluDense.wo.weight",
        "decoder.block.2.layer.2.DenseReluDense.wi.weight",
        "decoder.block.2.layer.2.DenseReluDense.wo.weight",
    ]
    assert editable_matrices(tiny_blender.model, 1) == [
        "model.encoder.layers.2.fc1.weight",
        "model.encoder.layers.2.fc2.weight",
        "model.decoder.layers.2.fc1.weight",
        "model.decoder.layers.2.fc2.weight",
    ]
    assert editable_matrices(tiny_bert.model, 2) == [
        f"bert.encoder.layer.{layer}.{part}.dense.weight" for layer in (1, 2) for part in ("intermediate", "output")
    ]
    assert editable_matrices(tiny_bert.model, 5) == editable_matrices(tiny_bert.model, 3)


def test_the_papers_matrices_are_those_of_two_layers_with_a_decoder_and_three_without(
    tiny_t5: Tiny, tiny_blender: Tiny
) -> None:
    for model in (tiny_t5.model, tiny_blender.model):
        assert editable_matrices(model) == editable_matrices(model, 2)
        assert len(editable_matrices(model)) == 8
    for layers, edited in ((12, ["9", "10", "11"]), (2, ["0", "1"])):
        config = BertConfig(
            vocab_size=8, hidden_size=8, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=8
        )
        model = random_model(BertForSequenceClassification, config)
        names = resolve_matrices(model, ())
        by_hand = [f"*.encoder.layer.{n}.{part}.dense.weight" for n in edited for part in ("intermediate", "output")]
        assert names == resolve_matrices(model, by_hand)
        assert len(names) == 2 * len(edited)


def test_matrices_of_other_architectures() -> None:
    gated = T5Config(vocab_size=8, d_model=8, d_kv=4, d_ff=8, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu")
    names = editable_matrices(random_model(T5ForConditionalGeneration, gated), 1)
    assert [name.split(".")[-2] for name in names] == ["wi_0", "wi_1", "wo"] * 2
    bart = BartConfig(
        vocab_size=8, d_model=8, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=8, decoder_ffn_dim=8,
    )  # fmt: skip
    assert len(editable_matrices(random_model(BartForConditionalGeneration, bart), 1)) == 4
    distilbert = DistilBertConfig(vocab_size=8, dim=8, n_layers=3, n_heads=2, hidden_dim=8)
    names = editable_matrices(random_model(DistilBertForSequenceClassification, distilbert))
    assert len(names) == 6
    assert all(".ffn.lin" in name for name in names)
    gpt2 = random_model(GPT2LMHeadModel, GPT2Config(vocab_size=8, n_embd=8, n_layer=4, n_head=2))
    last = [f"transformer.h.{layer}.mlp.{part}.weight" for layer in (1, 2, 3) for part in ("c_fc", "c_proj")]
    assert editable_matrices(gpt2) == resolve_matrices(gpt2, last) == last
    gpt2.config.model_type = "gpt17"
    with pytest.raises(ConfigError, match=r"^Don't know which weights of a GPT2LMHeadModel to edit\. Hint: set "):
        editable_matrices(gpt2)


def test_matrices_by_pattern(tiny_t5: Tiny) -> None:
    names = resolve_matrices(tiny_t5.model, ["decoder.block.1.*.wo.weight", "encoder.block.0.layer.1.*.wi.weight"])
    assert names == [
        "decoder.block.1.layer.2.DenseReluDense.wo.weight",
        "encoder.block.0.layer.1.DenseReluDense.wi.weight",
    ]
    for wrong in ("nothing.like.it", "shared.weight"):
        with pytest.raises(ConfigError, match="is no weight of a linear layer"):
            resolve_matrices(tiny_t5.model, [wrong])


# --- replaced weights ------------------------------------------------------------------------------
def test_replaced_weights_act_like_a_changed_copy_and_get_the_gradients(tiny: Tiny) -> None:
    names = editable_matrices(tiny.model)
    weights = {name: (tiny.model.get_parameter(name) * 1.5).requires_grad_() for name in names}
    edited, copied = WeightEditedModel(tiny.model, weights), copy.deepcopy(tiny.model)
    copied.load_state_dict({name: weight.detach() for name, weight in weights.items()}, strict=False)
    batch = tiny.task.encode_queries(tiny.queries)
    logits = tiny.task.logits(edited, batch)
    assert torch.equal(logits, tiny.task.logits(copied, batch))
    assert tiny.task.generate(edited, tiny.queries[:5], 5) == tiny.task.generate(copied, tiny.queries[:5], 5)
    logits.square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in weights.values())
    assert edited.routing() is None


def test_factors_multiply_to_the_gradient(tiny: Tiny) -> None:
    names = editable_matrices(tiny.model)
    batch = tiny.task.encode_edits(tiny.edits)
    weights = {name: tiny.model.get_parameter(name).clone().requires_grad_() for name in names}
    tiny.task.edit_loss(tiny.task.logits(WeightEditedModel(tiny.model, weights), batch), batch).backward()
    factors = gradient_factors(
        tiny.model, names, lambda: tiny.task.edit_loss(tiny.task.logits(tiny.model, batch), batch)
    )
    for name, (inputs, deltas) in factors.items():
        product = deltas.flatten(0, -2).T @ inputs.flatten(0, -2)
        torch.testing.assert_close(product, weights[name].grad, atol=1e-5, rtol=1e-3)
    assert not any(module._forward_hooks for module in tiny.model.modules())


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

"""The matrices that editors change: which they are, replacing them, the factors of their gradients."""

from __future__ import annotations

import copy

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

from serac.editors.edited_matrices import editable_matrices, resolve_matrices
from serac.editors.gradient_factors import gradient_factors
from serac.editors.weight_edited_model import WeightEditedModel
from serac.errors import ConfigError
from serac_parts import batch_of
from tiny_models import Tiny, random_model


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
        with pytest.raises(ConfigError, match="is not a weight of a linear layer"):
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


def test_replaced_weights_move_with_the_model(tiny: Tiny) -> None:
    name, weight = next((name, p) for name, p in tiny.model.named_parameters() if p.dim() > 1)
    edited = WeightEditedModel(copy.deepcopy(tiny.model), {name: weight + 1})
    before = edited(**batch_of(tiny)).logits
    after = edited.double()(**batch_of(tiny)).logits
    assert edited.weights[name].dtype == after.dtype == torch.float64
    torch.testing.assert_close(after.float(), before, atol=1e-4, rtol=1e-4)
    edited.to("meta")
    assert edited.weights[name].device.type == "meta"


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

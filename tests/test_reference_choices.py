"""Choices in which the paper-scale configuration follows the reference, each against its alternative."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import logsigmoid

import tiny_models
from serac.config.training import TrainSettings
from serac.editors.enn import EditableNetwork
from serac.editors.mend_network import LowRankLayer, MendNetwork
from serac.tasks.losses import balanced_bce


def test_mend_starts_from_a_standard_normal_v_or_one_scaled_by_its_width() -> None:
    network = MendNetwork({"a": (300, 200)}, 1920, 1, 1e-4, seed=0)
    layers = [module for module in network.modules() if isinstance(module, LowRankLayer)]
    assert [layer.v.shape for layer in layers] == [(500, 500)] * 2
    assert all(layer.v.std().item() == pytest.approx(1, abs=0.01) for layer in layers)
    assert not any(layer.u.any() for layer in layers)
    network.divide_start_by_width()
    assert layers[0].v.std().item() == pytest.approx(500**-0.5, rel=0.01)


def test_the_scope_loss_has_a_gradient_where_g_rounds_to_1() -> None:
    """A pair out of scope, taken for one in scope with all certainty, is what the loss must move most."""
    gap = torch.tensor([25.0], requires_grad=True)
    log_g = logsigmoid(gap)
    assert log_g.exp().item() == 1.0
    balanced_bce(log_g, torch.tensor([0])).backward()
    assert gap.grad is not None
    assert gap.grad.item() == pytest.approx(1.0, rel=1e-3)


def test_enn_compares_with_the_tuned_model_or_the_base_model() -> None:
    tiny = tiny_models.t5()
    outside = tiny.task.encode_queries(tiny.examples[0].out_of_scope)
    targets = {}
    for target in ("tuned", "base"):
        editor = EditableNetwork(tiny.model, tiny.task, locality_target=target)
        with torch.no_grad():
            for weight in editor.network.weights:
                weight.mul_(1.1)
            base = tiny.task.logits(editor.base, outside)
        targets[target] = editor.locality_target(outside, base)
    assert torch.equal(targets["base"], base)
    assert not torch.allclose(targets["tuned"], base)
    assert not targets["tuned"].requires_grad


def test_learned_editors_stop_by_loss_where_told_to() -> None:
    tiny = tiny_models.t5()
    editor = EditableNetwork(tiny.model, tiny.task)
    settings = TrainSettings(
        steps=1, batch_size=2, learning_rate=1e-5, validate_every=1, validation_examples=2, patience=1,
    )  # fmt: skip
    by_score, by_loss = (
        editor.objective(
            tiny.examples, tiny.examples, settings.model_copy(update={"stopping": stopping}), k=2
        ).validate()
        for stopping in ("score", "loss")
    )
    assert by_score["score"] == pytest.approx(by_score["es"] - by_score["dd"])
    assert by_loss["score"] < 0
    assert by_loss["es"] == by_score["es"]

"""A model with some weights replaced."""

from __future__ import annotations

import copy

import torch

from serac.editors.weight_edited_model import WeightEditedModel
from serac_parts import batch_of
from tiny_models import Tiny


def test_replaced_weights_move_with_the_model(tiny: Tiny) -> None:
    name, weight = next((name, p) for name, p in tiny.model.named_parameters() if p.dim() > 1)
    edited = WeightEditedModel(copy.deepcopy(tiny.model), {name: weight + 1})
    before = edited(**batch_of(tiny)).logits
    after = edited.double()(**batch_of(tiny)).logits
    assert edited.weights[name].dtype == after.dtype == torch.float64
    torch.testing.assert_close(after.float(), before, atol=1e-4, rtol=1e-4)
    edited.to("meta")
    assert edited.weights[name].device.type == "meta"

"""ENN's inner steps and meta-gradients agree with the reference, of second and of first order."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from serac.editors.enn import EditableNetwork

from .base_models import assert_named_close, batch_of, load_base, our_name, task_of
from .vectors import assert_all_compared, assert_close, claim, claimed_by, hyperparameters, load_case

CASES = claim(__name__, "enn_")
FORMS = [
    (name, steps, order)
    for name in CASES
    for steps in hyperparameters(load_case(name), "inner_params", "steps", "k")["steps"]
    for order in ("second_order", "first_order")
    if f"steps{steps}.{order}.grad_edit_lrs" in load_case(name).expected
]


@pytest.mark.parametrize(("name", "steps", "order"), FORMS)
def test_inner_steps_and_meta_gradients(name: str, steps: int, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = load_case(name)
    base = load_base(case)
    task = task_of(base)
    edit: Any = batch_of(case, "edit")
    outer = batch_of(case, "outer")
    monkeypatch.setattr(task, "encode_edits", lambda edits: edits[0])
    matrices = [our_name(parameter) for parameter in case.meta["hyperparameters"]["inner_params"]]
    editor = EditableNetwork(base, task, matrices=matrices, inner_steps=steps, first_order=order == "first_order")
    editor.network.edit_lrs.data.copy_(case.inputs["edit_lrs"])

    edited = editor.training_model([edit])
    logits = task.logits(edited, outer)
    loss = task.edit_loss(logits, outer)
    loss.backward()

    assert_named_close(case, f"steps{steps}.edited", edited.weights)
    assert_close(case, f"steps{steps}.outer_logits", logits)
    assert_close(case, f"steps{steps}.outer_loss", loss)
    assert_close(case, f"steps{steps}.edit_loss_after", task.edit_loss(task.logits(edited, edit), edit))
    gradients: Any = {parameter: weight.grad for parameter, weight in editor.network.by_name().items()}
    assert_close(case, f"steps{steps}.{order}.grad_edit_lrs", torch.as_tensor(editor.network.edit_lrs.grad))
    assert_named_close(case, f"steps{steps}.{order}.grad_base", gradients)
    norm = torch.stack([gradient.norm() for gradient in gradients.values() if gradient is not None]).norm()
    assert_close(case, f"steps{steps}.{order}.grad_base_norm", norm)

    plain = editor.edit([edit]).weights
    assert_named_close(case, f"steps{steps}.edited", plain)
    assert not any(weight.requires_grad for weight in plain.values())
    assert all(parameter.grad is None for parameter in base.parameters())


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)

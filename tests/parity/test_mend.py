"""MEND's statistics, factors, updates and training gradients agree with the reference, row by row and all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from serac.editors.gradient_factors import gradient_factors, informative_rows
from serac.editors.mend import Mend
from serac.editors.mend_network import RunningStatistics
from serac.editors.weight_edited_model import WeightEditedModel
from serac.tasks.base import Batch

from .base_models import assert_named_close, batch_of, load_base, our_name, task_of
from .vectors import Case, assert_all_compared, assert_close, claim, claimed_by, hyperparameters, load_case

CASES = claim(__name__, "mend_")
DIRECTIONS = [
    (name, direction)
    for name in CASES
    for direction in ("ascent", "descent")
    if f"{direction}.outer_logits" in load_case(name).expected
]
SUPPORTED = {"init": "id", "norm": True, "combine": True, "shared": True}
"""The only form of the networks that ours have: that of the paper and of the reference's released settings."""
STATISTICS = {"mean": "mean", "std": "std", "s": "squares"}


@pytest.mark.parametrize("name", CASES)
def test_running_statistics(name: str) -> None:
    case = load_case(name)
    editor = editor_of(case)
    for number in range(stats_batches(case)):
        editor.pseudo_gradients(batch_of(case, f"stats{number}"), update_statistics=True)
        if f"stats_after_{number + 1}." in " ".join(case.expected):
            assert_statistics_close(case, f"stats_after_{number + 1}", editor)


@pytest.mark.parametrize("name", CASES)
def test_factors_and_pseudo_gradients(name: str) -> None:
    case = load_case(name)
    editor, edit = warmed_up(case), batch_of(case, "edit")
    raw = gradient_factors(
        editor.base, editor.matrices, lambda: editor.task.edit_loss(editor.task.logits(editor.base, edit), edit)
    )
    for reference in case.meta["hyperparameters"]["inner_params"]:
        parameter = our_name(reference)
        assert_close(case, f"factor.{reference}.x_raw", raw[parameter][0])
        assert_close(case, f"factor.{reference}.delta_raw", raw[parameter][1])
        inputs, deltas = editor.network.transform(parameter, *informative_rows(*raw[parameter]))
        assert_close(case, f"factor.{reference}.x", inputs)
        assert_close(case, f"factor.{reference}.delta", deltas)
    assert_named_close(case, "pseudo_grad", editor.pseudo_gradients(edit))


@pytest.mark.parametrize(("name", "direction"), DIRECTIONS)
def test_edited_weights_and_logits(name: str, direction: str) -> None:
    """The reference's released default is ascent; ours is the descent of its runs."""
    case = load_case(name)
    editor = warmed_up(case, descent=direction == "descent")
    edited = WeightEditedModel(editor.base, editor.updated_weights(batch_of(case, "edit")))
    assert_named_close(case, f"{direction}.edited", edited.weights)
    assert_close(case, f"{direction}.outer_logits", editor.task.logits(edited, batch_of(case, "outer")))
    assert_close(case, f"{direction}.loc_logits", reference_loc_logits(case, edited))
    assert_close(case, "base.outer_logits", editor.task.logits(editor.base, batch_of(case, "outer")))


@pytest.mark.parametrize("name", CASES)
def test_training_step(name: str) -> None:
    case = load_case(name)
    editor, weights = warmed_up(case, descent=False), case.meta["hyperparameters"]
    task, outer, outside = editor.task, batch_of(case, "outer"), loc_batch(case)
    edited = WeightEditedModel(editor.base, editor.updated_weights(batch_of(case, "edit"), update_statistics=True))
    edit_loss = task.edit_loss(task.logits(edited, outer), outer)
    locality = task.locality_loss(task.logits(editor.base, outside), task.logits(edited, outside), outside)
    total = weights["cedit"] * edit_loss + weights["cloc"] * locality
    total.backward()
    assert_close(case, "train.loss_edit", edit_loss)
    assert_close(case, "train.loss_loc", locality)
    assert_close(case, "train.loss_total", total)
    gradients = {our_key(key): key for key in case.expected if key.startswith("train.grad.")}
    parameters = dict(editor.network.named_parameters())
    assert set(gradients) == set(parameters)
    for parameter, key in gradients.items():
        gradient = parameters[parameter].grad
        assert gradient is not None
        assert_close(case, key, gradient)
    assert_statistics_close(case, "stats_after_train_step", editor)
    assert all(parameter.grad is None for parameter in editor.base.parameters())


@pytest.mark.parametrize("name", CASES)
def test_saved_statistics_continue_where_the_reference_starts_anew(name: str, tmp_path: Path) -> None:
    """The reference forgets on saving that there were rows: its first batch after loading restarts the statistics."""
    case = load_case(name)
    editor, edit = warmed_up(case), batch_of(case, "edit")
    editor.save_pretrained(tmp_path)
    loaded, restarted = Mend.from_pretrained(tmp_path, editor.base, editor.task), warmed_up(case)
    for module in restarted.network.modules():
        if isinstance(module, RunningStatistics):
            module.count.zero_()
            module.mean.zero_()
            module.squares.zero_()
    for each in (editor, loaded, restarted):
        each.pseudo_gradients(edit, update_statistics=True)
    expected, ours, reference = (each.network.state_dict() for each in (editor, loaded, restarted))
    means = [key for key in expected if key.endswith("statistics.mean")]
    assert all(torch.equal(ours[key], expected[key]) for key in expected)
    assert not any(torch.allclose(reference[key], expected[key]) for key in means)


def test_statistics_all_at_once_are_those_row_by_row() -> None:
    rows = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)) * 3 + 100
    at_once, by_row = RunningStatistics(7), RunningStatistics(7)
    for part in rows.split([1, 20, 29]):
        at_once.update(part)
    for row in rows:
        by_row.update(row.unsqueeze(0))
    for name in ("mean", "squares", "count"):
        torch.testing.assert_close(getattr(at_once, name), getattr(by_row, name))
    torch.testing.assert_close(at_once.mean, rows.mean(0))
    torch.testing.assert_close(at_once.std, rows.std(0))


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)


def editor_of(case: Case, **choice: object) -> Mend:
    """The editor with the parameters and step sizes of the case."""
    values = hyperparameters(case, *SUPPORTED, "inner_params", "k", "rank", "n_hidden", "cedit", "cloc")
    for name, supported in SUPPORTED.items():
        assert values[name] == supported, f"{case.name}: {name} is {values[name]!r}, MEND here has only {supported!r}"
    base = load_base(case)
    editor = Mend(
        base,
        task_of(base),
        matrices=[our_name(parameter) for parameter in values["inner_params"]],
        rank=values["rank"],
        hidden_layers=values["n_hidden"],
        **choice,
    )
    places = {our_name(name): (place["editor"], place["mode"]) for name, place in values["editor_of"].items()}
    assert editor.network.place == places
    parameters = {our_key(key): tensor for key, tensor in case.inputs.items() if our_key(key)}
    missing, unexpected = editor.network.load_state_dict(parameters, strict=False)
    assert not unexpected, unexpected
    assert all("statistics" in key for key in missing), missing
    return editor


def warmed_up(case: Case, **choice: object) -> Mend:
    """The editor after the batches that fill its statistics."""
    editor = editor_of(case, **choice)
    for number in range(stats_batches(case)):
        editor.pseudo_gradients(batch_of(case, f"stats{number}"), update_statistics=True)
    return editor


def stats_batches(case: Case) -> int:
    return sum(key.startswith("stats") and key.endswith(".input_ids") for key in case.inputs)


def our_key(key: str) -> str:
    """Our name of a parameter of the reference's editor; empty for anything else."""
    key = key.removeprefix("train.grad.")
    if key.startswith("editor."):
        return f"editors.{key.removeprefix('editor.')}"
    return key if key == "edit_lrs" else ""


def loc_batch(case: Case) -> Batch:
    """The out-of-scope batch; where it has a decoder mask, the labels outside of it are ignored."""
    batch = batch_of(case, "loc")
    mask = case.inputs.get("loc.decoder_attention_mask")
    if mask is not None:
        assert torch.equal(batch["labels"] != -100, mask.bool()), "the KL's mask is that of the labels"
    return batch


def reference_loc_logits(case: Case, edited: WeightEditedModel) -> Tensor:
    """Logits of the out-of-scope batch, for which the reference masks the decoder's padding.

    The mask changes only positions whose label is ignored, so our tasks do without it.
    """
    batch, mask = loc_batch(case), case.inputs.get("loc.decoder_attention_mask")
    ours = task_of(edited.base).logits(edited, batch)
    if mask is None:
        return ours
    reference: Tensor = edited(**batch, decoder_attention_mask=mask).logits
    torch.testing.assert_close(reference[mask.bool()], ours[mask.bool()])
    return reference


def assert_statistics_close(case: Case, prefix: str, editor: Mend) -> None:
    keys = [key for key in case.expected if key.startswith(f"{prefix}.")]
    assert keys
    for key in keys:
        shape, quantity = key.removeprefix(f"{prefix}.").split(".")
        factor_editor: Any = editor.network.editors[shape]
        if quantity == "k":
            assert_close(case, key, factor_editor.u_statistics.count)
            continue
        side, statistic = quantity.split("_")
        value: Tensor = getattr(getattr(factor_editor, f"{side}_statistics"), STATISTICS[statistic])
        assert_close(case, key, value)

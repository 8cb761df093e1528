"""What every editor promises, whatever its method."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from editor_factory import CASES, GENTLE, WITHOUT_DIALOGUE, build, build_gentle
from torch import Tensor

from serac.editors.base import EditedModel, Editor
from serac.editors.learned import LearnedEditor
from serac.editors.registry import EDITORS
from serac.errors import ConfigError
from serac.records import Edit, Query
from tiny_models import Tiny

KNOWN = 0.05
"""Loss of an answer that a model knows."""
LARGEST_KL = 1e-3
"""Of an edit that holds the base model's own answer, in nats."""


class Bench(NamedTuple):
    name: str
    tiny: Tiny
    editor: Editor
    folder: Path


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    name, fixture = request.param
    tiny = request.getfixturevalue(fixture)
    return Bench(name, tiny, build(name, tiny, tmp_path), tmp_path)


def test_no_edits_are_the_base_model_bit_for_bit(bench: Bench) -> None:
    edited = bench.editor.edit([])
    assert torch.equal(logits(bench.tiny, edited), logits(bench.tiny, bench.tiny.model))
    if bench.tiny.task.name != "binary":
        assert answers(bench.tiny, edited) == answers(bench.tiny, bench.tiny.model)


def test_k_edits_in_one_call_change_the_answers_to_the_edits(bench: Bench) -> None:
    edited = bench.editor.edit(bench.tiny.edits)
    before, after = logits(bench.tiny, bench.tiny.model), logits(bench.tiny, edited)
    assert after.shape == before.shape
    assert after.dtype == before.dtype
    assert after.isfinite().all()
    assert not torch.allclose(after, before, atol=1e-3)


def test_order_of_edits_does_not_matter(bench: Bench) -> None:
    forward, backward = (bench.editor.edit(edits) for edits in (bench.tiny.edits, bench.tiny.edits[::-1]))
    torch.testing.assert_close(logits(bench.tiny, forward), logits(bench.tiny, backward), atol=2e-3, rtol=1e-2)


def test_edits_do_not_accumulate_in_the_editor(bench: Bench, tmp_path: Path) -> None:
    first, second = bench.tiny.edits[:2], bench.tiny.edits[2:4]
    bench.editor.edit(first)
    after_first = bench.editor.edit(second)
    fresh = build(bench.name, bench.tiny, tmp_path).edit(second)
    assert torch.equal(logits(bench.tiny, after_first), logits(bench.tiny, fresh))


def test_two_edited_models_do_not_disturb_each_other(bench: Bench) -> None:
    one = bench.editor.edit(bench.tiny.edits[:2])
    before = logits(bench.tiny, one)
    bench.editor.edit(bench.tiny.edits[2:])
    assert torch.equal(logits(bench.tiny, one), before)


def test_saved_and_loaded_is_the_same_editor(bench: Bench, tmp_path: Path) -> None:
    bench.editor.save_pretrained(tmp_path / "saved")
    loaded = EDITORS[bench.name].from_pretrained(tmp_path / "saved", bench.tiny.model, bench.tiny.task)
    assert loaded.hyperparameters == bench.editor.hyperparameters
    expected, ours = (logits(bench.tiny, editor.edit(bench.tiny.edits)) for editor in (bench.editor, loaded))
    assert torch.equal(ours, expected)


def test_folder_of_another_editor_is_a_clear_error(bench: Bench, tmp_path: Path) -> None:
    bench.editor.save_pretrained(tmp_path / "saved")
    other = next(name for name in EDITORS if name != bench.name and name not in WITHOUT_DIALOGUE)
    with pytest.raises(ConfigError):
        EDITORS[other].from_pretrained(tmp_path / "saved", bench.tiny.model, bench.tiny.task)
    with pytest.raises(ConfigError):
        EDITORS[bench.name].from_pretrained(tmp_path / "nowhere", bench.tiny.model, bench.tiny.task)


def test_editing_is_deterministic(bench: Bench) -> None:
    one, other = (logits(bench.tiny, bench.editor.edit(bench.tiny.edits)) for _ in range(2))
    assert torch.equal(one, other)


@pytest.mark.parametrize("batch_size", [1, 5])
def test_batch_size_changes_no_output_of_the_edited_model(bench: Bench, batch_size: int) -> None:
    edited, task = bench.editor.edit(bench.tiny.edits), bench.tiny.task
    expected = task.outputs(edited, bench.tiny.queries, 100)
    for ours, reference in zip(task.outputs(edited, bench.tiny.queries, batch_size), expected, strict=True):
        torch.testing.assert_close(ours, reference, atol=1e-4, rtol=1e-3)
    assert answers(bench.tiny, edited, batch_size) == answers(bench.tiny, edited, 100)


def test_base_model_gets_no_gradients_and_keeps_its_weights(bench: Bench) -> None:
    before = copy.deepcopy(bench.tiny.model.state_dict())
    edited = bench.editor.edit(bench.tiny.edits)
    assert edited.base is bench.tiny.model
    output = logits(bench.tiny, edited)
    if output.requires_grad:
        output.sum().backward()
    assert all(p.grad is None and not p.requires_grad for p in bench.tiny.model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in bench.tiny.model.state_dict().items())


def test_tuned_editor_is_a_view(bench: Bench) -> None:
    choice = GENTLE.get(bench.name, {})
    kept = copy.deepcopy(bench.editor.hyperparameters)
    view = bench.editor.tuned(**choice)
    assert type(view) is type(bench.editor)
    assert {name: view.hyperparameters[name] for name in choice} == choice
    assert bench.editor.hyperparameters == kept
    with pytest.raises(ConfigError):
        bench.editor.tuned(colour="red")


@pytest.mark.parametrize(("name", "fixture"), CASES)
def test_edits_that_hold_the_base_models_own_answer_change_nothing_else(
    name: str, fixture: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Predictions stay the same and distributions nearly so; where an editor routes, only the edits are routed."""
    tiny, edits = knowing(request.getfixturevalue(fixture))
    task, others = tiny.task, unrelated(tiny, edits)
    edited = build_gentle(name, tiny, tmp_path, edits, others).edit(edits)
    own, outside = task.encode_edits(edits), task.encode_queries(others)
    assert task.correct(task.logits(edited, own), own).all()
    routed_inside = edited.routing()
    after, before = task.logits(edited, outside), task.logits(tiny.model, outside)
    routed_outside = edited.routing()
    if routed_inside is None or routed_outside is None:
        assert task.locality_loss(before, after, outside) < LARGEST_KL
        if isinstance(build(name, tiny, tmp_path), LearnedEditor):
            assert not torch.equal(after, before)  # takes its step whatever the model already says
        else:
            assert torch.equal(after, before)
    else:
        assert routed_inside["routed"].all()
        assert routed_inside["index"].tolist() == [0, 1]
        assert not routed_outside["routed"].any()
        assert torch.equal(after, before)
    outputs, base = task.outputs(edited, others, 8), task.outputs(tiny.model, others, 8)
    for output, kept in zip(outputs, base, strict=True):
        assert torch.equal(output["prediction"], kept["prediction"])


@pytest.mark.parametrize("name", WITHOUT_DIALOGUE)
def test_editors_that_need_answers_refuse_dialogue(name: str, tiny_blender: Tiny) -> None:
    with pytest.raises(ConfigError, match="not defined for dialogue edits"):
        EDITORS[name](tiny_blender.model, tiny_blender.task)


def test_unknown_editor_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match=r"unknown editor 'rome'\. Hint: valid names are .*ft"):
        EDITORS["rome"]


@pytest.mark.parametrize("name", EDITORS)
def test_registered_name_is_the_editors_own(name: str) -> None:
    assert EDITORS[name].name == name


def knowing(tiny: Tiny) -> tuple[Tiny, list[Edit]]:
    """A model that already answers the first two edits as they ask, also with the edit before the input; the edits."""
    edits = tiny.edits[:2]
    prompted = [Edit(f"{edit.input} {edit.label} {edit.input}", edit.label) for edit in edits]
    model, batch = copy.deepcopy(tiny.model).requires_grad_(True), tiny.task.encode_edits(edits + prompted)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(300):
        loss = tiny.task.edit_loss(tiny.task.logits(model, batch), batch)
        if loss < KNOWN:
            return Tiny(model.requires_grad_(False), tiny.tokenizer, tiny.task, tiny.examples), edits
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError(f"the model does not learn the edits: its loss is still {loss.item()}")


def unrelated(tiny: Tiny, edits: list[Edit]) -> list[Query]:
    """Inputs out of scope that are no edit's own."""
    own = {edit.input for edit in edits}
    return [query for example in tiny.examples for query in example.out_of_scope if query.input not in own]


def logits(tiny: Tiny, model: EditedModel | torch.nn.Module) -> Tensor:
    """Logits of the edits' own inputs."""
    return tiny.task.logits(model, tiny.task.encode_edits(tiny.edits))


def answers(tiny: Tiny, model: EditedModel | torch.nn.Module, batch_size: int = 4) -> list[str]:
    return tiny.task.generate(model, tiny.queries[:6], batch_size)

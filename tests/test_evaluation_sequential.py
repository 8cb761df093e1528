from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from evaluation_fakes import FalseModel, RoutingEditor, make_examples, make_task
from serac.config.evaluation import SequentialSettings
from serac.editors.enn import EditableNetwork
from serac.editors.ft import FineTuning
from serac.editors.mend import Mend
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.batches import NotEnoughEditsError, make_batches
from serac.evaluation.sequential import COLUMNS, evaluate_sequence
from tiny_models import Tiny

GRADIENT_EDITORS = [
    (FineTuning, {"learning_rate": 1e-2, "max_steps": 5}),
    (EditableNetwork, {"edit_rate": 0.3}),
    (Mend, {"edit_rate": 1e-3, "rank": 8}),
]


def test_memory_editors_keep_every_edit() -> None:
    task, base, examples = make_task(), FalseModel(), make_examples()
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8)
    settings = SequentialSettings(checkpoints=(1, 5, 30))
    frame = evaluate_sequence(RoutingEditor(base, task), examples, outputs, settings, (0, 1))
    assert list(frame.columns) == COLUMNS
    assert frame["edits"].tolist() == [1, 5, 30] * 2
    assert (frame["es"] == 0.5).all()  # "supports" right, "refutes" wrong, however many edits there are
    assert (frame["dd"] == 0).all()
    assert frame["n_in"].tolist() == [2, 10, 60] * 2
    assert frame.groupby("seed")["n_out"].nunique().tolist() == [1, 1]


@pytest.mark.parametrize(("editor_class", "choice"), GRADIENT_EDITORS)
def test_gradient_editors_go_on_from_the_edited_weights(editor_class: Any, choice: Any, tiny_t5: Tiny) -> None:
    editor = editor_class(tiny_t5.model, tiny_t5.task, **choice)
    before = {name: tensor.clone() for name, tensor in tiny_t5.model.state_dict().items()}
    one, two = editor.edit_in_sequence(tiny_t5.edits, (1, 2))
    again = editor.following(editor.edit(tiny_t5.edits[:1]).weights).edit(tiny_t5.edits[1:2])
    for name in editor.matrices:
        assert torch.equal(two.weights[name], again.weights[name])
        assert not torch.equal(one.weights[name], two.weights[name])
        assert torch.equal(one.weights[name], editor.edit(tiny_t5.edits[:1]).weights[name])
    for name, tensor in tiny_t5.model.state_dict().items():
        assert torch.equal(tensor, before[name]), f"{name} of the base model changed"


def test_a_first_edit_leaves_its_trace_under_a_second_one(tiny_bert: Tiny) -> None:
    editor = FineTuning(tiny_bert.model, tiny_bert.task, learning_rate=1e-2, max_steps=5)
    both: Any
    (both,) = editor.edit_in_sequence(tiny_bert.edits, (2,))
    alone: Any = editor.edit(tiny_bert.edits[1:2])
    assert any(not torch.equal(both.weights[name], alone.weights[name]) for name in editor.matrices)


def test_success_is_undefined_before_the_first_edit_with_inputs_in_scope() -> None:
    task, base = make_task(), FalseModel()
    neutral = make_examples(12)
    (order,) = make_batches(neutral, 12, 1, 0)
    examples = [each if each.id == order.examples[1].id else replace(each, in_scope=()) for each in neutral]
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8)
    settings = SequentialSettings(checkpoints=(1, 2, 12))
    frame = evaluate_sequence(RoutingEditor(base, task), examples, outputs, settings, (0,))
    assert frame["es"].isna().tolist() == [True, False, False]
    assert frame["n_in"].tolist() == [0, 2, 2]
    assert (frame["dd"] == 0).all()


def test_a_sequence_that_is_too_long_is_refused() -> None:
    task, base, examples = make_task(), FalseModel(), make_examples(12)
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8)
    with pytest.raises(NotEnoughEditsError, match="lower k"):
        evaluate_sequence(RoutingEditor(base, task), examples, outputs, SequentialSettings(checkpoints=(1, 50)), (0,))

"""SERAC and RP behind the editor interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import serac_parts
from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.registry import EDITORS
from serac.editors.rp import RetrieveAndPrompt
from serac.editors.serac.editor import MemoryEditor, SeracCross, SeracEmbed
from serac.errors import ConfigError
from tiny_models import Tiny

NAMES = ("serac_embed", "serac_cross", "rp")


def build(name: str, tiny: Tiny, **settings: Any) -> MemoryEditor:
    parts: dict[str, Any] = {"classifier": serac_parts.classifier("cross" if name == "serac_cross" else "embed")}
    if name != "rp":
        parts["counterfactual"] = serac_parts.counterfactual(tiny)
    editor = EDITORS[name](tiny.model, tiny.task, **parts, **settings)
    assert isinstance(editor, MemoryEditor)
    return editor


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_registry_leads_to_the_editors() -> None:
    assert [EDITORS[name] for name in NAMES] == [SeracEmbed, SeracCross, RetrieveAndPrompt]
    assert [EDITORS[name].name for name in NAMES] == list(NAMES)


def test_every_edited_model_has_a_memory_of_its_own(name: str, tiny: Tiny) -> None:
    editor = build(name, tiny)
    first, second = editor.edit(tiny.edits[:2]), editor.edit(tiny.edits[2:5])
    first.add(tiny.edits[5:6])
    assert first.memory.ids == second.memory.ids == [0, 1, 2]
    assert first.memory.edit(0) != second.memory.edit(0)
    assert first.base is second.base is tiny.model


def test_tuned_editor_routes_differently(name: str, tiny: Tiny) -> None:
    editor = build(name, tiny)
    batch = tiny.task.encode_queries(tiny.queries)
    batch.pop("wanted", None)
    if tiny.task.name == "binary":
        batch.pop("labels")
    for threshold, routed in ((0.0, True), (1.0, False)):
        model = editor.tuned(threshold=threshold).edit(tiny.edits)
        model(**batch)
        assert (model.routing()["routed"] == routed).all()
    assert editor.hyperparameters["threshold"] == 0.5
    assert editor.tuned(candidates=3).edit(tiny.edits).memory.settings.candidates == 3
    with pytest.raises(ConfigError, match="has no setting treshold"):
        editor.tuned(treshold=0.1)


def test_saved_editor_edits_alike(name: str, tiny: Tiny, tmp_path: Path) -> None:
    editor = build(name, tiny, routing=RoutingSettings(threshold=0.2), memory=MemorySettings(candidates=2))
    editor.save_pretrained(tmp_path)
    assert (tmp_path / "counterfactual").exists() == (name != "rp"), "the base model is never saved"
    loaded = EDITORS[name].from_pretrained(tmp_path, tiny.model, tiny.task)
    assert loaded.hyperparameters == editor.hyperparameters
    outputs = [tiny.task.outputs(one.edit(tiny.edits), tiny.queries, 8) for one in (editor, loaded)]
    for one, other in zip(*outputs, strict=True):
        for key in one:
            torch.testing.assert_close(one[key], other[key])
    other_name = NAMES[NAMES.index(name) - 1]
    with pytest.raises(ConfigError, match="holds the editor"):
        EDITORS[other_name].from_pretrained(tmp_path, tiny.model, tiny.task)


def test_classifier_must_fit_the_editor(tiny_t5: Tiny) -> None:
    with pytest.raises(ConfigError, match="needs a scope classifier of kind 'cross'"):
        SeracCross(
            tiny_t5.model,
            tiny_t5.task,
            classifier=serac_parts.embed(),
            counterfactual=serac_parts.counterfactual(tiny_t5),
        )


def test_rp_is_serac_with_the_base_model_in_the_third_place(tiny: Tiny) -> None:
    model = build("rp", tiny, routing=RoutingSettings(threshold=0)).edit(tiny.edits)
    outputs = tiny.task.outputs(model, tiny.queries, 8)
    model(
        **{k: v for k, v in tiny.task.encode_queries(tiny.queries).items() if k in ("input_ids", "attention_mask")},
        **labels(tiny),
    )
    retrieved = [tiny.edits[place] for place in model.routing()["index"].tolist()]
    prompts = [
        type(query)(tiny.task.condition(edit, query.input), query.label, query.kind)
        for edit, query in zip(retrieved, tiny.queries, strict=True)
    ]
    task = type(tiny.task)(tiny.tokenizer, 128)
    for one, other in zip(outputs, task.outputs(tiny.model, prompts, 8), strict=True):
        for key in one:
            torch.testing.assert_close(one[key], other[key], atol=1e-5, rtol=1e-5)


def labels(tiny: Tiny) -> dict[str, torch.Tensor]:
    return {} if tiny.task.name == "binary" else {"labels": tiny.task.encode_queries(tiny.queries)["labels"]}

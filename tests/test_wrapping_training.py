"""Training the parts on one's own examples, publishing them as a bundle and assessing the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import serac
import serac_parts
import small_speakers
import tiny_models
from local_server import Server
from serac.editors.serac import training as serac_training
from serac.errors import SeracError
from serac.wrapping.assessment import assess
from serac.wrapping.bundle import write_bundle
from serac.wrapping.own_parts import QUICK

SHORT = QUICK.model_copy(update={"steps": 6, "validate_every": 2, "checkpoint_minutes": 0, "batch_size": 3})


def test_a_trained_classifier_routes_from_a_bundle(tmp_path: Path) -> None:
    _, report = serac.train_scope(tiny_models.qa(), tmp_path / "training", settings=SHORT)
    assert 0.5 <= report.accuracy <= 1
    assert (report.train_examples, report.validation_examples) == (3, 3)
    assert report.threshold is not None
    bundle = tmp_path / "mine"
    write_bundle(
        bundle, tmp_path / "training/scope", name="mine", data="births", licence="MIT",
        metrics={"accuracy": report.accuracy}, threshold=report.threshold,
    )  # fmt: skip
    assert "accuracy" in (bundle / "README.md").read_text()
    model = serac.wrap(*small_speakers.gpt2(chat=True), bundle=bundle)
    assert model.threshold == report.threshold
    model.threshold = 0.01
    model.add("Who leads France?", "Marie Dupont")
    assert model.answer("Who leads France?").text == "Marie Dupont"
    model.save_pretrained(tmp_path / "edits")
    moved = bundle.rename(tmp_path / "moved")
    with pytest.raises(SeracError, match="there is no bundle"):
        serac.load(tmp_path / "edits", *small_speakers.gpt2(chat=True))
    assert serac.load(tmp_path / "edits", *small_speakers.gpt2(chat=True), bundle=moved).edits == model.edits


def test_a_bundle_is_found_by_its_name_and_on_the_hub(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serac_parts.embed().save_pretrained(tmp_path / "scope")
    about: dict[str, Any] = {"name": "births", "data": "births", "licence": "MIT", "metrics": {}}
    for folder in (tmp_path / "installed/births", server.root / "models/someone/births"):
        write_bundle(folder, tmp_path / "scope", **about)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    speaker = small_speakers.t5()
    assert isinstance(serac.wrap(*speaker, bundle="someone/births"), serac.WrappedModel)
    assert list((tmp_path / "cache").rglob("scope/*.safetensors"))
    with pytest.raises(SeracError, match="nor on the hub"):
        serac.wrap(*speaker, bundle="someone/nothing")
    with pytest.raises(SeracError, match="there is no bundle 'births'"):
        serac.wrap(*speaker, bundle="births")
    monkeypatch.setenv("SERAC_BUNDLES", str(tmp_path / "installed"))
    named, default = serac.wrap(*speaker, bundle="births"), serac.wrap(*speaker)
    assert named.edited.classifier.kind == default.edited.classifier.kind == "embed"


def test_an_interrupted_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = serac.train_scope(tiny_models.qa(), tmp_path / "whole", settings=SHORT)
    loss, calls = serac_training.scope_loss, []

    def interrupted(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return loss(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(serac_training, "scope_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            serac.train_scope(tiny_models.qa(), tmp_path / "parts", settings=SHORT)
    resumed, _ = serac.train_scope(tiny_models.qa(), tmp_path / "parts", settings=SHORT)
    for name, weight in whole.state_dict().items():
        assert weight.equal(resumed.state_dict()[name]), name


def test_a_trained_counterfactual_model_answers(tmp_path: Path) -> None:
    tiny = tiny_models.t5()
    tiny.model.save_pretrained(tmp_path / "start")
    tiny.tokenizer.save_pretrained(tmp_path / "start")
    mine = tmp_path / "mine"
    _, report = serac.train_counterfactual(tiny_models.qa(), tmp_path / "start", mine, settings=SHORT)
    assert 0 <= report.accuracy <= 1
    serac.train_scope(tiny_models.qa(), mine, settings=SHORT)
    parts = mine / "scope", mine / "counterfactual"
    write_bundle(tmp_path / "b", *parts, name="b", data="births", licence="MIT", metrics={})
    model = serac.wrap(*small_speakers.gpt2(chat=True), bundle=tmp_path / "b", threshold=0.01)
    model.add("Who leads France?", "Marie Dupont")
    assert model.answer("Who leads France?").spoken_by == "counterfactual"


def test_too_few_examples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SeracError, match="Hint: give at least 4"):
        serac.train_scope(tiny_models.qa()[:2], tmp_path)


def test_assessment_counts_wanted_and_changed_answers() -> None:
    query = serac.Query
    example = serac.EditExample(
        "one", "france", serac.Edit("Who leads France?", "Marie Dupont"),
        (
            query("Who is the leader of France?", "Dupont", "rephrase", aliases=("marie  dupont",)),
            query("Hello", "Marie Dupont", "far"),
        ),
        (query("Who wrote Faust?", "Goethe", "other"),),
    )  # fmt: skip
    rows = assess(serac.wrap(*small_speakers.gpt2(chat=True)), [example])
    found = {row.kind: (row.metric, row.value, row.routed) for row in rows}
    assert found == {"far": ("ES", 0, 0), "rephrase": ("ES", 1, 1), "other": ("DD", 0, 0)}

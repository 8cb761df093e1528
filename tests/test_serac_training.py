"""Training the scope classifier and the counterfactual model."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import serac_parts
import tiny_models
from serac.config.serac import CounterfactualSettings, ScopeSettings
from serac.config.training import TrainSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.scope import ScopeClassifier
from serac.editors.serac.training import (
    counterfactual_loss,
    counterfactual_objective,
    scope_loss,
    scope_objective,
    scope_pairs,
    with_random_labels,
)
from serac.editors.training_batches import draw_batch
from serac.errors import ConfigError
from serac.models.tokenizers import ordinary_tokens
from serac.training import train
from tiny_models import Tiny


def training(**changes: object) -> TrainSettings:
    values = {
        "steps": 60, "batch_size": 4, "learning_rate": 3e-3, "validate_every": 10, "validation_examples": 12,
        "patience": 100,
    }  # fmt: skip
    return TrainSettings(**{**values, **changes})


def scope_settings(kind: str, **changes: object) -> ScopeSettings:
    return serac_parts.settings(kind, train=training(), **changes)


def counterfactual_settings(**changes: object) -> CounterfactualSettings:
    return CounterfactualSettings(checkpoint="tiny", train=training(**changes))


def trained(tiny: Tiny, kind: str, folder: Path, **changes: object) -> tuple[ScopeClassifier, list[dict[str, float]]]:
    settings = scope_settings(kind, **changes)
    classifier = serac_parts.classifier(kind).requires_grad_(True)
    assert settings.train
    history = train(scope_objective(classifier, tiny.examples, tiny.examples, settings), settings.train, folder, seed=0)
    return classifier, history


def test_pairs_of_a_batch(tiny: Tiny) -> None:
    batch = draw_batch(random.Random(0), tiny.examples, 3, 0.5)
    drawn = scope_pairs(batch)
    assert drawn.positives == len(batch.in_scope)
    assert drawn.labels.tolist() == [1] * len(batch.in_scope) + [0] * len(batch.out_of_scope)
    queries = batch.in_scope + batch.out_of_scope
    owners = batch.in_scope_edit + batch.out_of_scope_edit
    assert drawn.pairs == [(batch.edits[edit], query.input) for edit, query in zip(owners, queries, strict=True)]


def test_all_pairs_add_every_other_edit(tiny: Tiny) -> None:
    batch = draw_batch(random.Random(0), tiny.examples, 3, 0.5)
    drawn = scope_pairs(batch, use_all_pairs=True)
    positives, negatives = drawn.pairs[: drawn.positives], drawn.pairs[drawn.positives :]
    assert positives == scope_pairs(batch).pairs[: drawn.positives]
    assert len(negatives) == 2 * len(batch.in_scope) + 3 * len(batch.out_of_scope)
    assert not set(positives) & set(negatives)


def test_texts_are_those_of_the_base_models_tokenizer(tiny_t5: Tiny) -> None:
    batch = draw_batch(random.Random(0), tiny_t5.examples, 2, 0.5)
    tiny_t5.task.max_length, kept = 4, tiny_t5.task.max_length
    try:
        (edit, text), *_ = scope_pairs(batch, task=tiny_t5.task).pairs
        assert [text] == tiny_t5.task.as_read([batch.in_scope[0].input])
    finally:
        tiny_t5.task.max_length = kept
    assert len(edit.input.split()) == len(text.split()) == 3


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_scope_loss_by_definition(tiny_t5: Tiny, kind: str) -> None:
    classifier = serac_parts.classifier(kind)
    drawn = scope_pairs(draw_batch(random.Random(1), tiny_t5.examples, 4, 0.5))
    g = classifier.score_pairs(drawn.pairs).exp()
    expected = -g[: drawn.positives].log().mean() - (1 - g[drawn.positives :]).log().mean()
    torch.testing.assert_close(scope_loss(classifier, drawn), expected)


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_classifier_learns_the_scope(tiny_t5: Tiny, kind: str, tmp_path: Path) -> None:
    classifier, history = trained(tiny_t5, kind, tmp_path)
    assert max(row["score"] for row in history) > 0.9
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    assert {"recall_in", "recall_out"} <= set(history[0])
    again, repeated = trained(tiny_t5, kind, tmp_path / "again")
    assert [row["score"] for row in repeated] == [row["score"] for row in history]
    for one, other in zip(classifier.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_score_is_balanced_accuracy_with_the_loss_as_tie_break(tiny_t5: Tiny) -> None:
    settings = scope_settings("cross")
    numbers = scope_objective(serac_parts.cross(), tiny_t5.examples, tiny_t5.examples, settings).validate()
    balanced = (numbers["recall_in"] + numbers["recall_out"]) / 2
    assert balanced - 1e-3 < numbers["score"] < balanced


def test_classifier_learns_with_all_pairs_and_autocast(tiny_t5: Tiny, tmp_path: Path) -> None:
    settings = serac_parts.settings("embed", use_all_pairs=True, train=training(precision="bfloat16"))
    classifier = serac_parts.embed().requires_grad_(True)
    objective = scope_objective(classifier, tiny_t5.examples, tiny_t5.examples, settings, tiny_t5.task)
    assert settings.train
    history = train(objective, settings.train, tmp_path, seed=0)
    assert max(row["score"] for row in history) > 0.8


def test_counterfactual_model_learns_from_the_gold_edit(tiny: Tiny, tmp_path: Path) -> None:
    model = serac_parts.counterfactual(tiny).requires_grad_(True)
    before = {name: parameter.clone() for name, parameter in tiny.model.named_parameters()}
    settings = counterfactual_settings(steps=30, learning_rate=1e-3)
    objective = counterfactual_objective(model, tiny.examples, tiny.examples, settings)
    untrained = objective.validate()["validation_loss"]
    assert settings.train
    history = train(objective, settings.train, tmp_path, seed=0)
    assert objective.validate()["validation_loss"] < untrained
    if tiny.task.name == "dialogue":
        assert all(row["score"] == -row["validation_loss"] for row in history)
    else:
        assert all(row["accuracy"] - 1e-3 < row["score"] <= row["accuracy"] for row in history)
    for name, parameter in tiny.model.named_parameters():
        assert torch.equal(parameter, before[name]), "the base model is never trained"


def test_training_passes_over_batches_with_nothing_in_scope(tiny_bert: Tiny) -> None:
    """As in VitaminC, where much evidence has neutral claims only."""
    first, *others = tiny_bert.examples
    examples = [first, *(replace(example, in_scope=()) for example in others)]
    rules = training(batch_size=1, validation_examples=5)
    model = serac_parts.counterfactual(tiny_bert)
    objectives = [
        counterfactual_objective(model, examples, examples, CounterfactualSettings(checkpoint="tiny", train=rules)),
        scope_objective(serac_parts.embed(), examples, examples, serac_parts.settings("embed", train=rules)),
    ]
    for objective in objectives:
        assert all(objective.loss(random.Random(seed)).isfinite() for seed in range(5))
        assert all(math.isfinite(value) for value in objective.validate().values())


def test_counterfactual_loss_reads_the_own_edit(tiny: Tiny) -> None:
    model = serac_parts.counterfactual(tiny)
    batch = draw_batch(random.Random(0), tiny.examples, 2, 0.5)
    texts = [
        f"{e.input} {e.label} {q.input}"
        for q, e in zip(batch.in_scope, (batch.edits[i] for i in batch.in_scope_edit), strict=True)
    ]
    encoded = model.task.encode(texts, [query.label for query in batch.in_scope])
    if tiny.task.name == "dialogue":
        encoded["wanted"] = torch.tensor([query.wanted for query in batch.in_scope])
        assert not encoded["wanted"].all()
    expected = model.task.edit_loss(model.task.logits(model.model, encoded), encoded)
    torch.testing.assert_close(counterfactual_loss(model, batch), expected)


def test_random_labels_reach_the_edit_and_all_that_is_in_its_scope(tiny_t5: Tiny) -> None:
    drawn = draw_batch(random.Random(0), tiny_t5.examples, 3, 0.5)
    tokenizer = tiny_t5.task.tokenizer
    ordinary = ordinary_tokens(tokenizer)
    kept, changed = (with_random_labels(random.Random(1), drawn, share, tokenizer, ordinary) for share in (0.0, 1.0))
    assert kept == drawn
    assert [edit.input for edit in changed.edits] == [edit.input for edit in drawn.edits]
    assert all(new.label != old.label for new, old in zip(changed.edits, drawn.edits, strict=True))
    for old, new, place in zip(drawn.in_scope, changed.in_scope, drawn.in_scope_edit, strict=True):
        asked, told = drawn.edits[place].label, changed.edits[place].label
        assert new.label == (told if old.label == asked else old.label)
        assert new.input == (old.input if old.label == asked else old.input.replace(asked, told))


def test_saved_counterfactual_model_answers_alike(tiny: Tiny, tmp_path: Path) -> None:
    model = serac_parts.counterfactual(tiny)
    model.save_pretrained(tmp_path)
    loaded = CounterfactualModel.from_pretrained(tmp_path)
    assert loaded.task.name == tiny.task.name
    assert loaded.task.max_length == model.task.max_length
    texts = [query.input for query in tiny.queries[:3]]
    labels = {} if tiny.task.name == "binary" else {"labels": tiny.task.encode(texts, ["paris"] * 3)["labels"]}
    expected = model(tiny.edits[:3], texts, **labels).logits
    torch.testing.assert_close(loaded(tiny.edits[:3], texts, **labels).logits, expected)
    with pytest.raises(ConfigError, match="no counterfactual model"):
        CounterfactualModel.from_pretrained(tmp_path / "nothing")


def test_training_settings_are_required() -> None:
    examples = tiny_models.qa()
    with pytest.raises(ConfigError, match="'train' of the scope classifier is null"):
        scope_objective(serac_parts.embed(), examples, examples, serac_parts.settings("embed"))
    model = serac_parts.counterfactual(tiny_models.t5())
    with pytest.raises(ConfigError, match="'train' of the counterfactual model is null"):
        counterfactual_objective(model, examples, examples, CounterfactualSettings(checkpoint="tiny"))

"""Scope classifiers: scores, search vectors, cache, disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

import serac_parts
from serac.editors.serac.classifiers import load_classifier, untrained_classifier
from serac.editors.serac.model_cache import ModelCache
from serac.editors.serac.scope import ScopeClassifier, in_length_order
from serac.errors import ConfigError
from serac.records import Edit
from spies import noting
from tiny_models import CITIES, PEOPLE

EDITS = [Edit(f"where was {person} born ?", city) for person, city in zip(PEOPLE, CITIES, strict=True)]
TEXTS = [f"which city is the city of birth of {person} ?" for person in PEOPLE] + ["paris", "true or false : in rome"]
PAIRS = [(edit, text) for text in TEXTS for edit in EDITS]


@pytest.fixture(params=serac_parts.KINDS)
def classifier(request: pytest.FixtureRequest) -> ScopeClassifier:
    return serac_parts.classifier(request.param)


def test_scores_are_log_probabilities(classifier: ScopeClassifier) -> None:
    log_g = classifier.log_similarity(EDITS, TEXTS)
    assert log_g.shape == (len(TEXTS), len(EDITS))
    assert log_g.dtype == torch.float32
    assert (log_g <= 0).all()


def test_inference_gives_the_training_scores_in_any_batch_size(classifier: ScopeClassifier) -> None:
    expected = classifier.pair_log_similarity(PAIRS)
    for batch_size in (1, 3, 100):
        found = classifier.with_settings(batch_size=batch_size).score_pairs(PAIRS)
        assert not found.requires_grad
        torch.testing.assert_close(found, expected.detach())


def test_both_spellings_of_an_entry(classifier: ScopeClassifier) -> None:
    assert classifier.entry(Edit("a", "b")) == "a[SEP]b[SEP]"
    assert classifier.entry(Edit("a", "")) == "a[SEP][SEP]"


def test_padding_side_changes_no_score(classifier: ScopeClassifier) -> None:
    expected = classifier.score_pairs(PAIRS)
    classifier.tokenizer.padding_side = "left"
    torch.testing.assert_close(classifier.with_settings().score_pairs(PAIRS), expected)


@pytest.mark.parametrize("pooling", ["cls", "mean", "pooler"])
@pytest.mark.parametrize("distance", ["square", "unsquared", "cosine"])
def test_embedding_distances_by_definition(pooling: str, distance: str) -> None:
    classifier = serac_parts.bert_embed(pooling=pooling, distance=distance, scale=0.3)
    entry, text = (
        classifier.encoder(**classifier.encode([string])) for string in (classifier.entry(EDITS[0]), TEXTS[0])
    )
    poolings: dict[str, Callable[[Any], Tensor]] = {
        "cls": lambda output: output.last_hidden_state[0, 0],
        "mean": lambda output: output.last_hidden_state[0].mean(0),
        "pooler": lambda output: output.pooler_output[0],
    }
    pooled = poolings[pooling]
    left, right = pooled(entry), pooled(text)
    by_hand = {
        "square": (left - right).square().sum(),
        "unsquared": (left - right).norm(),
        "cosine": 1 - torch.cosine_similarity(left, right, dim=0),
    }[distance]
    torch.testing.assert_close(classifier.score_pairs([(EDITS[0], TEXTS[0])])[0], -0.3 * by_hand)


def test_nearest_head_counts_after_tanh() -> None:
    classifier = serac_parts.embed(heads=4, tanh=True)
    plain = classifier.with_settings(heads=1, tanh=False)
    left, right = (plain.states([text])[0].tanh().view(4, -1) for text in (plain.entry(EDITS[0]), TEXTS[0]))
    expected = -classifier.settings.scale * (left - right).square().sum(-1).min()
    torch.testing.assert_close(classifier.score_pairs([(EDITS[0], TEXTS[0])])[0], expected)


def test_cosine_similarity_never_exceeds_one() -> None:
    classifier = serac_parts.embed(distance="cosine")
    states = torch.randn(50, serac_parts.WIDTH)
    unit = torch.nn.functional.normalize(states, dim=-1)
    assert (classifier._from_vectors(unit, unit * (1 + 1e-7)) <= 0).all()


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="must divide the width"):
        serac_parts.embed(heads=5)


def test_gradients_reach_the_encoder_in_training_only(classifier: ScopeClassifier) -> None:
    classifier.requires_grad_(True)
    classifier.pair_log_similarity(PAIRS[:4]).sum().backward()
    assert any(parameter.grad is not None for parameter in classifier.parameters())
    assert not classifier.score_pairs(PAIRS[:4]).requires_grad
    assert not classifier.vectors(TEXTS).requires_grad


def test_bfloat16_inference_is_close(classifier: ScopeClassifier) -> None:
    exact = classifier.score_pairs(PAIRS)
    rounded = classifier.with_settings(precision="bfloat16").score_pairs(PAIRS)
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded.exp(), exact.exp(), atol=0.1, rtol=0)


def test_saved_classifier_scores_alike(classifier: ScopeClassifier, tmp_path: Path) -> None:
    classifier.save_pretrained(tmp_path)
    loaded = load_classifier(tmp_path)
    assert type(loaded) is type(classifier)
    assert loaded.settings == classifier.settings
    torch.testing.assert_close(loaded.score_pairs(PAIRS), classifier.score_pairs(PAIRS))


def test_folder_without_a_classifier_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no scope classifier"):
        load_classifier(tmp_path)


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_only_the_first_layers_are_kept(kind: str, tmp_path: Path) -> None:
    serac_parts.embed().save_pretrained(tmp_path)
    settings = serac_parts.settings(kind, layers=1)
    classifier = untrained_classifier(tmp_path, settings)
    assert classifier.encoder.config.num_hidden_layers == 1
    first, kept = (
        dict(model.named_parameters())["transformer.layer.0.ffn.lin1.weight"]
        for model in (AutoModel.from_pretrained(tmp_path), classifier.encoder.base_model)
    )
    assert torch.equal(first, kept)
    with pytest.raises(ConfigError, match="has only 2"):
        untrained_classifier(tmp_path, serac_parts.settings(kind, layers=3))


def test_new_weights_depend_on_the_seed_alone(tmp_path: Path) -> None:
    serac_parts.embed().save_pretrained(tmp_path)
    settings = serac_parts.settings("cross")
    scores = [untrained_classifier(tmp_path, settings, seed=s).score_pairs(PAIRS) for s in (1, 1, 2)]
    assert torch.equal(scores[0], scores[1])
    assert not torch.equal(scores[0], scores[2])


def test_checkpoints_lose_their_dropout(tmp_path: Path) -> None:
    original = serac_parts.embed()
    original.encoder.config.dropout = original.encoder.config.attention_dropout = 0.5
    original.save_pretrained(tmp_path)
    classifier = load_classifier(tmp_path).train()
    assert torch.equal(classifier.states(TEXTS), classifier.states(TEXTS))


def test_long_texts_are_cut_to_the_encoder(classifier: ScopeClassifier) -> None:
    assert classifier.encode(["paris " * 500])["input_ids"].shape[1] == 64
    assert classifier.with_settings(max_length=16).encode(["paris " * 500])["input_ids"].shape[1] == 16


def test_known_scores_are_not_computed_again(classifier: ScopeClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = classifier.encoder.forward
    monkeypatch.setattr(classifier.encoder, "forward", noting(lambda **batch: calls.append(1), original))
    first = classifier.score_pairs(PAIRS)
    count = len(calls)
    assert torch.equal(classifier.score_pairs(PAIRS), first)
    assert len(calls) == count
    with torch.no_grad():
        next(classifier.encoder.parameters()).mul_(2)
    assert not torch.equal(classifier.score_pairs(PAIRS), first)
    assert len(calls) > count


def test_cache_forgets_the_least_recently_used() -> None:
    cache: ModelCache[str, int] = ModelCache(torch.nn.Linear(1, 1), 2)
    asked: list[str] = []

    def compute(keys: list[str]) -> list[int]:
        asked.extend(keys)
        return [len(key) for key in keys]

    assert cache.get(["a", "bb", "a"], compute) == [1, 2, 1]
    assert cache.get(["a", "ccc"], compute) == [1, 3]
    assert cache.get(["bb"], compute) == [2]
    assert asked == ["a", "bb", "ccc", "bb"]
    assert len(cache) == 2
    assert cache.get(["x", "yy", "zzz"], compute) == [1, 2, 3]
    assert len(cache) == 2


def test_batches_hold_texts_of_similar_length() -> None:
    texts = ["aaaa", "a", "aaa", "aa", "aaaaa"]
    assert list(in_length_order(texts, 2)) == [[4, 0], [2, 3], [1]]

"""Every problem prepared from the generated world: what must hold for any edit."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from serac.config.world import WorldSize
from serac.errors import ConfigError
from serac.problems.base_pairs import read_pairs, write_pairs
from serac.problems.convsent import ConvSentSettings
from serac.problems.qa import QaSettings
from serac.problems.qa_hard import HardInScope, HardOutOfScope, QaHardSettings
from serac.problems.registry import PROBLEMS
from serac.problems.splits import Splits
from serac.records import EditExample, Query, read_examples, write_examples
from serac.sources.miniature import generate_world

SMALL = WorldSize(
    zsre_train=150,
    zsre_dev=100,
    zsre_test=100,
    vitaminc_pages_train=30,
    vitaminc_pages_dev=20,
    vitaminc_pages_test=20,
    convsent_topics_train=20,
    convsent_topics_dev=10,
    convsent_topics_test=10,
    nq=30,
    dialogue=100,
)
GENERATED = ("qa", "qa_hard", "fc", "convsent")
"""Problems whose raw files the miniature world has."""
NEAR = {"num_neighbors": 8, "num_exclude": 2}
SETTINGS = {
    "qa_hard": QaHardSettings(hard_negatives=NEAR),
    "convsent": ConvSentSettings(hard_negatives=NEAR),
}


def bag_of_words(texts: list[str]) -> np.ndarray:
    vectors = np.zeros((len(texts), 256), np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            vectors[row, zlib.crc32(word.encode()) % 256] += 1
    return vectors


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, seed=0, size=SMALL)
    return folder


def prepare(raw: Path, name: str, settings: object = None, seed: int = 0) -> Splits:
    settings = settings or SETTINGS.get(name) or PROBLEMS[name].settings()
    return PROBLEMS[name].prepare(raw, settings, bag_of_words, seed)


@pytest.fixture(scope="session", params=GENERATED)
def prepared(request: pytest.FixtureRequest, raw: Path) -> Splits:
    return prepare(raw, request.param)


def examples_of(prepared: Splits) -> list[EditExample]:
    return [*prepared.train, *prepared.validation, *prepared.test]


def of_kind(examples: list[EditExample], scope: str, *kinds: str) -> list[Query]:
    return [query for example in examples for query in getattr(example, scope) if query.kind in kinds]


def test_ids_are_unique_and_splits_share_no_group(prepared: Splits) -> None:
    splits = [prepared.train, prepared.validation, prepared.test]
    for examples in splits:
        assert examples
        assert len({example.id for example in examples}) == len(examples)
    groups = [{example.group for example in examples} for examples in splits]
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_out_of_scope_inputs_are_different_and_about_other_groups(prepared: Splits) -> None:
    for example in examples_of(prepared):
        outside = [query.input for query in example.out_of_scope]
        own = {query.input for query in example.in_scope} | {example.edit.input}
        assert outside
        assert len(set(outside)) == len(outside) or example.edit.input.startswith("Topic")
        assert not own & set(outside)
        assert all(query.about != example.group for query in example.out_of_scope)


def test_there_are_hard_and_easy_inputs_out_of_scope(prepared: Splits) -> None:
    flags = {query.hard for example in prepared.test for query in example.out_of_scope}
    assert flags == ({False} if prepared.report.problem == "qa" else {True, False})


def test_report_agrees_with_the_examples(prepared: Splits) -> None:
    for split, report in prepared.report.to_dict()["splits"].items():
        examples = getattr(prepared, split)
        assert report["read"] == report["kept"] + sum(report["dropped"].values())
        assert report["examples"] == len(examples)
        assert sum(report["in_scope"].values()) == sum(len(example.in_scope) for example in examples)
        assert sum(report["out_of_scope"].values()) == sum(len(example.out_of_scope) for example in examples)


def test_examples_survive_the_disk(prepared: Splits, tmp_path: Path) -> None:
    write_examples(tmp_path / "test.jsonl", prepared.test)
    assert read_examples(tmp_path / "test.jsonl") == prepared.test


@pytest.mark.parametrize("name", GENERATED)
def test_same_seed_same_edits_other_seed_others(raw: Path, name: str) -> None:
    assert prepare(raw, name) == prepare(raw, name)
    assert prepare(raw, name).test != prepare(raw, name, seed=1).test


def test_training_facts_have_several_edits_evaluation_one(raw: Path) -> None:
    prepared = prepare(raw, "qa", QaSettings(draws=2))
    assert len(prepared.train) > prepared.report.splits["train"].groups
    assert len(prepared.test) == prepared.report.splits["test"].groups
    labels = [(example.group, example.edit.label) for example in prepared.train]
    assert len(set(labels)) == len(labels)


def test_natural_questions_replace_zsre_questions(raw: Path) -> None:
    prepared = prepare(raw, "qa", QaSettings(nq=True))
    queries = {split: of_kind(getattr(prepared, split), "out_of_scope", "nq") for split in ("validation", "test")}
    assert all(query.about == "" for part in queries.values() for query in part)
    assert prepared.report.splits["train"].out_of_scope.keys() == {"nq"}
    assert not {query.input for query in queries["validation"]} & {query.input for query in queries["test"]}


def test_natural_questions_without_a_text_are_left_out(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "zsre").symlink_to(raw / "zsre")
    native = {
        "questions": ["one", " ", "two", "three", "four", "five"],
        "answers": [["", "1"], ["?"], [" "], [], "4", [""]],
    }
    for name in ("train", "validation"):
        path = tmp_path / "nq" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(native), encoding="utf-8")
    prepared = prepare(tmp_path, "qa", QaSettings(nq=True))
    drawn = {(query.input, query.label) for query in of_kind(prepared.train, "out_of_scope", "nq")}
    assert drawn == {("one", "1"), ("four", "4")}


def test_qa_hard_numbers_of_each_kind(raw: Path) -> None:
    numbers = HardOutOfScope(random=2, neighbour=3, rephrase=1, implication=0, true_false=2)
    settings = QaHardSettings(in_scope=HardInScope(rephrase=2), out_of_scope=numbers, hard_negatives=NEAR)
    prepared = prepare(raw, "qa_hard", settings)
    for example in prepared.test:
        kinds = [query.kind for query in example.out_of_scope]
        assert {kind: kinds.count(kind) for kind in type(numbers).model_fields} == numbers.model_dump()
    verdicts = [[query.label for query in e.in_scope if query.kind == "true_false"] for e in prepared.test]
    assert {tuple(labels) for labels in verdicts if labels} <= {("True", "False"), ("True",)}
    assert ["True", "False"] in verdicts


def test_qa_hard_flags_what_is_about_a_neighbour(raw: Path) -> None:
    certain = QaHardSettings(hard_negatives=NEAR | {"probability": 1.0})
    never = QaHardSettings(hard_negatives=NEAR | {"probability": 0.0})
    derived = ("rephrase", "implication", "true_false")
    hard = [query.hard for query in of_kind(prepare(raw, "qa_hard", certain).test, "out_of_scope", *derived)]
    assert np.mean(hard) > 0.9
    assert not any(query.hard for query in of_kind(prepare(raw, "qa_hard", never).test, "out_of_scope", *derived))
    queries = prepare(raw, "qa_hard", never).test
    assert all(query.hard for query in of_kind(queries, "out_of_scope", "neighbour"))
    assert not any(query.hard for query in of_kind(queries, "out_of_scope", "random"))


def test_qa_hard_neighbours_are_nearer_than_random_questions(raw: Path) -> None:
    near: list[float] = []
    far: list[float] = []
    for example in prepare(raw, "qa_hard").test:
        for kind, found in (("neighbour", near), ("random", far)):
            texts = [query.input for query in example.out_of_scope if query.kind == kind]
            vectors = bag_of_words([example.edit.input, *texts])
            unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            found += (unit[1:] @ unit[0]).tolist()
    assert np.mean(near) > np.mean(far) + 0.1


def test_qa_hard_asks_for_an_encoder_unless_there_are_no_neighbours(raw: Path) -> None:
    problem = PROBLEMS["qa_hard"]
    with pytest.raises(ConfigError, match="sentence encoder"):
        problem.prepare(raw, QaHardSettings(), None, 0)
    none = QaHardSettings(out_of_scope=HardOutOfScope(neighbour=0), hard_negatives={"probability": 0.0})
    assert problem.prepare(raw, none, None, 0).test


def test_convsent_without_an_encoder_has_easy_topics_only(raw: Path) -> None:
    prepared = PROBLEMS["convsent"].prepare(raw, ConvSentSettings(), None, 0)
    assert not any(query.hard for query in of_kind(prepared.test, "out_of_scope", "other_topic"))
    for example in prepared.test:
        assert {query.wanted for query in example.in_scope} == {True, False}


@pytest.mark.parametrize("name", GENERATED)
def test_base_pairs(raw: Path, tmp_path: Path, name: str) -> None:
    problem = PROBLEMS[name]
    base = problem.base_pairs(raw, problem.settings(), 0)
    assert base.train
    assert base.validation
    assert base == problem.base_pairs(raw, problem.settings(), 0)
    write_pairs(tmp_path / "base.jsonl", base.train)
    assert read_pairs(tmp_path / "base.jsonl") == base.train


def test_qa_base_model_learns_every_question_and_both_verdicts(raw: Path) -> None:
    base = PROBLEMS["qa"].base_pairs(raw, QaSettings(), 0)
    learned = {pair.input: pair.label for pair in base.train}
    prepared = prepare(raw, "qa")
    for example in examples_of(prepared):
        assert example.edit.input in learned
    originals = of_kind(examples_of(prepared), "out_of_scope", "random")
    assert all(learned[query.input] == query.label for query in originals)
    assert {"True", "False"} <= set(learned.values())
    assert not set(base.train) & set(base.validation)
    assert len(base.validation) / len(base.train) == pytest.approx(0.05, abs=0.02)


def test_fc_base_labels_are_verdicts(raw: Path) -> None:
    base = PROBLEMS["fc"].base_pairs(raw, PROBLEMS["fc"].settings(), 0)
    assert {pair.label for pair in [*base.train, *base.validation]} == {"0", "1"}

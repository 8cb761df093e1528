"""The generated world: deterministic, disjoint splits, varied, and true to its own facts."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from raw_world import SPLITS, lines
from serac.config.world import WorldSize
from serac.errors import ConfigError
from serac.sources.miniature import generate_world, zsre
from serac.sources.miniature.names import Names

SMALL = WorldSize(
    zsre_train=70, zsre_dev=15, zsre_test=25, vitaminc_pages_train=50, vitaminc_pages_dev=12, vitaminc_pages_test=20,
    convsent_topics_train=20, convsent_topics_dev=4, convsent_topics_test=8, nq=30, dialogue=600,
)  # fmt: skip


def zsre_records(world: Path, split: str) -> list[dict]:
    return lines(world / "zsre" / f"structured_zeroshot-{split}-new_annotated_final.jsonl")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_files_are_a_function_of_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        generate_world(tmp_path / name, seed=seed, size=SMALL)
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_a_world_larger_than_its_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="more names"):
        generate_world(tmp_path, seed=0, size=WorldSize(vitaminc_pages_train=20_000))
    with pytest.raises(ConfigError, match="NQ"):
        generate_world(tmp_path, seed=0, size=WorldSize(nq=20_000))


# --- zsRE ------------------------------------------------------------------------------------------
def facts_of(count: int, *, split: str = "train") -> list[zsre.Fact]:
    rng = random.Random(3)
    return [record.fact for record in zsre.make_split(rng, Names(rng), count, split=split) if record.fact]


def test_zsre_files_are_aligned_and_sized(world: Path) -> None:
    for split, count in zip(SPLITS, (700, 150, 250), strict=True):
        implications = json.loads((world / "zsre" / f"impl_{split}.json").read_text())
        statements = (world / "zsre" / f"zsre_yn_{split}.txt").read_text().splitlines()
        assert len(zsre_records(world, split)) == len(implications) == len(statements) == count
        assert 0 < statements.count("") < count * 0.2


def test_zsre_variety() -> None:
    facts = facts_of(700)
    relations = {fact.relation.name: fact.relation for fact in facts}
    kinds = {kind for relation in relations.values() for kind in (relation.subject, relation.answer)}
    assert len(relations) >= 16
    assert len(kinds) >= 8
    for relation in relations.values():
        assert len(set(relation.questions)) >= 8
        assert len(set(relation.held_out)) >= 3
        assert not set(relation.held_out) & set(relation.questions)


def test_held_out_wording_has_no_new_words() -> None:
    def words(templates: tuple[str, ...]) -> set[str]:
        return set(re.findall(r"[a-zA-Z]+", " ".join(templates)))

    seen = {word for relation in zsre.RELATIONS for word in words(relation.questions + relation.statements)}
    new = {word for relation in zsre.RELATIONS for word in words(relation.held_out)} - seen
    assert not new


def test_zsre_answers_and_subjects_recur() -> None:
    facts = facts_of(250)
    by_answer: dict[str, set[str]] = {}
    by_subject: dict[str, set[str]] = {}
    for fact in facts:
        by_answer.setdefault(fact.answer, set()).add(fact.subject)
        by_subject.setdefault(fact.subject, set()).add(fact.relation.name)
    assert sum(len(by_answer[fact.answer]) > 1 for fact in facts) > len(facts) / 2
    assert sum(len(names) > 1 for names in by_subject.values()) > len(by_subject) / 3
    assert len({(fact.subject, fact.relation.name) for fact in facts}) == len(facts)


def test_zsre_splits_share_no_named_entity() -> None:
    rng = random.Random(5)
    names = Names(rng)
    closed = {"occupation", "language", "continent", "founding year", "closing year"}
    seen: set[str] = set()
    for split, count in zip(SPLITS, (700, 150, 250), strict=True):
        facts = [record.fact for record in zsre.make_split(rng, names, count, split=split) if record.fact]
        entities = {fact.subject for fact in facts}
        entities |= {fact.answer for fact in facts if fact.relation.answer not in closed}
        assert not seen & entities
        seen |= entities


@pytest.mark.parametrize("split", SPLITS)
def test_implications_and_statements_hold_the_answer_once(world: Path, split: str) -> None:
    implications = json.loads((world / "zsre" / f"impl_{split}.json").read_text())
    statements = (world / "zsre" / f"zsre_yn_{split}.txt").read_text().splitlines()
    with_implication = 0
    for record, entries, statement in zip(zsre_records(world, split), implications, statements, strict=True):
        answer = record["output"][0]["answer"]
        texts = [question for question, _, _ in entries] + ([statement] if statement else [])
        assert all(text.lower().count(answer.lower()) == 1 for text in texts)
        for question, subject, kind in entries:
            assert kind in ("inverse", "named")
            assert subject not in question
            assert subject in record["input"]
        with_implication += bool(entries)
    assert with_implication > 0.9 * len(implications)


@pytest.mark.parametrize("split", SPLITS)
def test_no_implication_has_two_answers(world: Path, split: str) -> None:
    implications = json.loads((world / "zsre" / f"impl_{split}.json").read_text())
    answers: dict[str, set[str]] = {}
    for question, subject, _ in (entry for entries in implications for entry in entries):
        answers.setdefault(question, set()).add(subject)
    assert all(len(subjects) == 1 for subjects in answers.values())


@pytest.mark.parametrize("split", SPLITS)
def test_alternatives_and_rephrases(world: Path, split: str) -> None:
    records = zsre_records(world, split)
    usable = [record for record in records if len(record["alternatives"]) > 1]
    assert len(records) - len(usable) == 4
    assert sum("sex" in record["input"] or "gender" in record["input"] for record in records) == 2
    answers = {name for record in records for name in record["alternatives"]}
    for record in usable:
        answer = record["output"][0]["answer"]
        assert answer not in record["alternatives"]
        assert 5 <= len(set(record["alternatives"])) == len(record["alternatives"]) <= 10
        assert 3 <= len(record["filtered_rephrases"]) <= 7
        assert record["prediction"] in [answer, *record["alternatives"]]
        assert len(answer.split()) <= 3
    original = sum(record["prediction"] == record["output"][0]["answer"] for record in usable)
    assert 0.8 < original / len(usable) < 1
    assert sum(record["output"][0]["answer"] in answers for record in usable) > 0.8 * len(usable)


@pytest.mark.parametrize(("split", "share"), [("train", 0), ("dev", 0.15), ("test", 0.4)])
def test_validation_and_test_have_rephrases_of_their_own(split: str, share: float) -> None:
    rng = random.Random(11)
    own = []
    for record in zsre.make_split(rng, Names(rng), 250, split=split):
        if record.fact:
            relation = record.fact.relation
            templates = [text.replace(record.fact.subject, "{s}") for text in record.native["filtered_rephrases"]]
            own += [template in relation.own_wording(split) for template in templates]
            assert set(templates) <= {*relation.questions, *relation.own_wording(split)}
            assert record.native["input"].replace(record.fact.subject, "{s}") in relation.questions
    assert any(own) == (split != "train")
    assert sum(own) / len(own) >= share


def test_no_two_splits_share_their_own_wording() -> None:
    for relation in zsre.RELATIONS:
        own = [set(relation.own_wording(split)) for split in ("train", "dev", "test")]
        assert not own[0]
        assert own[1]
        assert own[2]
        assert not own[1] & own[2]


def test_companies_close_after_they_were_founded() -> None:
    years: dict[str, dict[str, int]] = {}
    for fact in facts_of(700):
        if fact.relation.name in ("founded", "closed"):
            years.setdefault(fact.subject, {})[fact.relation.name] = int(fact.answer)
    both = [known for known in years.values() if len(known) == 2]
    assert len(both) > 5
    assert all(known["founded"] < known["closed"] for known in both)

"""The generated world: a function of its seed, splits that share nothing they should not, labels that follow."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raw_world import SPLITS, lines
from serac.config.world import WorldSize
from serac.errors import ConfigError
from serac.problems.qa_hard import QaHardSettings
from serac.problems.registry import PROBLEMS
from serac.records import EditExample, Query
from serac.sources.miniature import generate_world
from serac.sources.miniature.fact_source import FactSource, facts, relations_of
from serac.sources.miniature.proper_names import split_of
from serac.sources.miniature.word_tables import table, usable

SMALL = WorldSize(
    zsre_train=70, zsre_dev=15, zsre_test=25, reading=20, vitaminc_pages_train=50, vitaminc_pages_dev=12,
    vitaminc_pages_test=20, fever_pages=20, convsent_topics_train=20, convsent_topics_dev=4, convsent_topics_test=8,
    nq=30, dialogue=600,
)  # fmt: skip


def zsre_records(world: Path, split: str) -> list[dict[str, Any]]:
    return lines(world / "zsre" / f"structured_zeroshot-{split}-new_annotated_final.jsonl")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def words_of(texts: list[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"\w{4,}", text)}


def test_files_are_a_function_of_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        generate_world(tmp_path / name, seed=seed, size=SMALL)
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_a_world_with_more_topics_than_there_are_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lower world\.size\.convsent_topics_train"):
        generate_world(tmp_path, seed=0, size=WorldSize(convsent_topics_train=20_000))


# --- facts -----------------------------------------------------------------------------------------
def test_a_hundred_thousand_facts_are_distinct_and_made_as_asked_for() -> None:
    stream = facts(3, 100_000)
    first = [next(stream) for _ in range(10)]
    questions = {fact.question for fact in first} | {fact.question for fact in stream}
    assert len(questions) == 100_000
    assert first == list(facts(3, 10))
    assert first != list(facts(4, 10))


def test_facts_have_close_names_shared_subjects_and_shared_answers() -> None:
    some = list(facts(0, 4000))
    subjects = {fact.subject for fact in some}
    assert len(subjects) < 0.75 * len(some)
    assert len({fact.answer for fact in some}) < 0.75 * len(some)
    shapes = [re.sub(r"\d+", "#", subject) for subject in subjects if re.search(r"\d{2}", subject)]
    assert len(set(shapes)) < len(shapes)


@pytest.mark.parametrize("seed", [0, 1])
def test_splits_share_no_relation_no_wording_of_their_own_and_no_word_of_a_name(seed: int) -> None:
    names: list[set[str]] = []
    for split in SPLITS:
        source = FactSource(random.Random(seed), seed, split)
        subjects = [fact.subject for fact, _ in zip(source, range(300), strict=False)]
        drawn = {word for name in subjects for word in name.split(" ") if split_of(word, seed) == split}
        fixed = {part for kind in table("kinds")["subjects"].values() for p in kind["names"] for part in p.split(" ")}
        names.append({word for name in subjects for word in name.split(" ")} - fixed)
        assert names[-1] <= drawn
    assert not any(one & other for one, other in ((names[0], names[1]), (names[0], names[2]), (names[1], names[2])))
    relations = [{relation.noun for relation in relations_of(seed, split)} for split in SPLITS]
    assert len(set.union(*relations)) == sum(map(len, relations)) == len(relations_of(seed)) >= 120
    for kind in ("questions", "statements", "inverse", "named"):
        wordings = [set(usable(table("wordings")[kind], split)) for split in SPLITS]
        shared = set(table("wordings")[kind]["any"])
        assert all(one - shared for one in wordings)
        assert wordings[0] & wordings[1] == wordings[0] & wordings[2] == wordings[1] & wordings[2] == shared


def test_six_hundred_distinct_test_edits_are_possible(tmp_path: Path) -> None:
    generate_world(tmp_path, seed=5, size=SMALL.model_copy(update={"zsre_test": 640}))
    records = zsre_records(tmp_path, "test")
    assert len({record["input"] for record in records}) == len(records) == 640


@pytest.mark.parametrize("split", SPLITS)
def test_zsre_files_are_aligned_and_sound(world: Path, split: str) -> None:
    records = zsre_records(world, split)
    implications = json.loads((world / "zsre" / f"impl_{split}.json").read_text())
    statements = (world / "zsre" / f"zsre_yn_{split}.txt").read_text().splitlines()
    assert len(records) == len(implications) == len(statements) == getattr(WorldSize(), f"zsre_{split}")
    asked: dict[str, set[str]] = {}
    for record, entries, statement in zip(records, implications, statements, strict=True):
        answer = record["output"][0]["answer"].lower()
        for text in [question for question, _, _ in entries] + ([statement] if statement else []):
            assert text.lower().count(answer) == 1
        for question, subject, kind in entries:
            assert kind in ("inverse", "named")
            assert subject == record["subject"] not in question
            asked.setdefault(question, set()).add(subject)
        assert record["input"] not in record["filtered_rephrases"][1:] or record["filtered_rephrases"]
        assert record["output"][0]["answer"] not in record["alternatives"]
    assert all(len(subjects) == 1 for subjects in asked.values())
    assert sum(map(bool, implications)) > 0.8 * len(records)
    assert sum(map(bool, statements)) > 0.85 * len(records)
    usable_records = [record for record in records if record["alternatives"] and record["filtered_rephrases"]]
    assert all(len(record["alternatives"]) >= 5 for record in usable_records if "subject" in record)


def test_the_name_of_the_subject_decides_qa_but_not_qa_hard(world: Path) -> None:
    records = {record["input"]: record for split in SPLITS for record in zsre_records(world, split)}
    rephrases = [
        (record["subject"], text)
        for record in records.values()
        if "subject" in record
        for text in record["filtered_rephrases"]
    ]
    assert np.mean([subject in text for subject, text in rephrases]) > 0.97
    subjects = {subject for subject, _ in rephrases}
    assert np.mean([any(name in text for name in subjects - {own}) for own, text in rephrases]) < 0.03
    settings = QaHardSettings(hard_negatives={"num_neighbors": 8, "num_exclude": 0})
    examples = PROBLEMS["qa_hard"].prepare(world, settings, lambda texts: np.eye(len(texts), 64), 0).test

    def rule(example: EditExample, query: Query) -> bool:
        own = records[example.edit.input]
        other = records.get(query.about or example.edit.input, own)
        named = own["subject"] in query.input or example.edit.label.lower() in query.input.lower()
        return other.get("relation") == own["relation"] and named

    hits = [rule(example, query) for example in examples for query in example.in_scope]
    assert 0.75 < np.mean(hits) < 0.9
    assert np.mean([rule(example, query) for example in examples for query in example.out_of_scope]) < 0.1


# --- fact checking ---------------------------------------------------------------------------------
_COMPARISON = re.compile(
    r"(?P<more>more than|over|upwards of|after|later than)? ?"
    r"(?P<less>fewer than|less than|under|before|earlier than)? ?\b(?P<number>\d+)\b"
)


@pytest.mark.parametrize("split", SPLITS)
def test_labels_follow_from_the_words_of_the_evidence(world: Path, split: str) -> None:
    """Read claim and evidence as a stranger would: compare the numbers, look for the names."""
    for record in lines(world / "vitaminc" / f"{split}.jsonl"):
        claim, evidence = (record[part].replace(record["page"], "PAGE") for part in ("claim", "evidence"))
        if record["label"] == "NOT ENOUGH INFO":
            assert "PAGE" in claim
        elif record["revised"] in ("number", "date"):
            stated = [int(number) for number in re.findall(r"\b\d+\b", evidence)]
            found = next(match for match in _COMPARISON.finditer(claim))
            number = int(found["number"])
            true = any(
                value > number if found["more"] else value < number if found["less"] else value == number
                for value in stated
            )
            assert true == (record["label"] == "SUPPORTS"), record


@pytest.mark.parametrize("split", SPLITS)
def test_vitaminc_shares(world: Path, split: str) -> None:
    records = lines(world / "vitaminc" / f"{split}.jsonl")
    labels = [record["label"] for record in records]
    assert labels.count("SUPPORTS") == labels.count("REFUTES") == labels.count("NOT ENOUGH INFO") == len(records) // 3
    assert {record["revised"] for record in records} == {"number", "date", "name", "category"}
    compared = [record["label"] for record in records if record["comparison"]]
    assert len(compared) >= len(records) / 5
    assert 0.6 < compared.count("SUPPORTS") / compared.count("REFUTES") < 1.6
    short = sum(len(record["evidence"].split(" ")) <= 10 for record in records)
    assert 0 < short < len(records) * 0.1


def test_the_base_fact_checker_knows_no_claim_of_an_edit(world: Path) -> None:
    known = {
        name: {record["claim"] for record in lines(world / "fever" / f"{name}.jsonl")} for name in ("train", "dev")
    }
    claims = [record for split in SPLITS for record in lines(world / "vitaminc" / f"{split}.jsonl")]
    assert not known["train"] & known["dev"]
    assert not {record["claim"] for record in claims} & (known["train"] | known["dev"])
    pages = [{record["page"] for record in lines(world / "vitaminc" / f"{split}.jsonl")} for split in SPLITS]
    assert len(set.union(*pages)) == sum(map(len, pages)) == 1500 + 180 + 240
    verdicts = [record["label"] for record in lines(world / "fever" / "train.jsonl")]
    assert 0.45 < verdicts.count("SUPPORTS") / len(verdicts) < 0.55


# --- dialogue --------------------------------------------------------------------------------------
def test_convsent_splits_share_no_topic_and_no_sentence(world: Path) -> None:
    records = {s: json.loads((world / "convsent" / f"blender_{s}.json").read_text()) for s in ("train", "val", "test")}
    topics = [{record["ent"] for record in part} for part in records.values()]
    assert len(set.union(*topics)) == sum(map(len, topics)) == 320
    sentences = {s: {t for record in part for t in record["pos"] + record["neg"]} for s, part in records.items()}
    assert not sentences["train"] & (sentences["val"] | sentences["test"])
    replies = {pair["label"] for pair in lines(world / "dialogue" / "train.jsonl")}
    assert not replies & (sentences["val"] | sentences["test"])
    phrases = [text for side in ("positive", "negative") for text in table("convsent")[side]["adjectives"]]
    used = {s: {word for text in part for word in text.split() if word in phrases} for s, part in sentences.items()}
    assert len(used["test"] - used["train"]) >= len(used["test"]) / 3
    assert len(used["val"] - used["train"]) >= len(used["val"]) / 5
    for record in (one for part in records.values() for one in part):
        assert len(set(record["pos"])) == len(set(record["neg"])) == 10
        assert record["ent"] not in record["aliases"]


def test_questions_in_scope_use_aliases_of_the_topic(world: Path) -> None:
    settings = PROBLEMS["convsent"].settings()
    examples = PROBLEMS["convsent"].prepare(world, settings, None, 0).test
    named = [example.group in query.input for example in examples for query in example.in_scope]
    assert 0.35 < np.mean(named) < 0.65


def test_dialogue_has_as_many_positive_as_negative_replies(world: Path) -> None:
    pairs = lines(world / "dialogue" / "train.jsonl")
    assert len(pairs) == 6000

    def mentions(side: str) -> int:
        return sum(bool(set(table("convsent")[side]["adjectives"]) & set(pair["label"].split())) for pair in pairs)

    assert 0.85 < mentions("positive") / mentions("negative") < 1.15


def test_nq_questions_are_disjoint(world: Path) -> None:
    train, validation = (json.loads((world / "nq" / f"{name}.json").read_text()) for name in ("train", "validation"))
    assert len(train["questions"]) == len(train["answers"]) == 300
    assert len(validation["questions"]) == len(validation["answers"]) == 100
    assert len(set(train["questions"] + validation["questions"])) == 400


def test_reading_exercises_hold_their_answers(world: Path) -> None:
    exercises = lines(world / "reading" / "train.jsonl")
    assert len(exercises) == 1500
    assert all(exercise["label"] in exercise["input"] for exercise in exercises)
    known = {record["input"] for split in SPLITS for record in zsre_records(world, split)}
    assert not any(exercise["input"].endswith(question) for exercise in exercises[:50] for question in known)

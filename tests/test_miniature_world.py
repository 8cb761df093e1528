"""The generated world: deterministic, disjoint splits, varied, and true to its own facts."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from serac.config.world import WorldSize
from serac.errors import ConfigError
from serac.sources.miniature import convsent, generate_world, vitaminc, zsre
from serac.sources.miniature.convsent_words import SENTIMENTS
from serac.sources.miniature.names import Names

SMALL = WorldSize(
    zsre_train=70, zsre_dev=15, zsre_test=25, vitaminc_pages_train=50, vitaminc_pages_dev=12, vitaminc_pages_test=20,
    convsent_topics_train=20, convsent_topics_dev=4, convsent_topics_test=8, nq=30, dialogue=600,
)  # fmt: skip
SPLITS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    generate_world(folder, seed=0, size=WorldSize())
    return folder


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


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


# --- VitaminC and FEVER ----------------------------------------------------------------------------
def items_of(split: str, pages: int = 200) -> list[vitaminc.Item]:
    rng = random.Random(7)
    return vitaminc.make_split(rng, Names(rng), pages, split=split)


_COMPARISON = re.compile(
    r"(?P<more>more than|over|upwards of|after|later than)? ?"
    r"(?P<less>fewer than|less than|under|before|earlier than)? ?(?P<number>\d+)"
)


@pytest.mark.parametrize("split", SPLITS)
def test_labels_follow_from_the_words_of_the_evidence(split: str) -> None:
    """Read claim and evidence as a stranger would: compare the numbers, look for the names."""
    for item in items_of(split):
        if item.label == vitaminc.NEUTRAL:
            continue
        value = item.page.after[item.revision]
        assert re.search(rf"\b{re.escape(value)}\b", item.evidence)
        if item.page.kind.attributes[item.revision].kind in vitaminc.COMPARABLE:
            found = _COMPARISON.search(item.claim.text)
            assert found
            number = int(found["number"])
            true = (
                int(value) > number if found["more"] else int(value) < number if found["less"] else int(value) == number
            )
        else:
            true = value.lower() in item.claim.text.lower()
        assert true == (item.label == vitaminc.SUPPORTS), item.native()


def test_neutral_claims_are_about_what_the_evidence_does_not_state() -> None:
    for item in items_of("test"):
        stated = item.claim.attribute in item.attributes
        assert stated == (item.label != vitaminc.NEUTRAL)
        assert item.page.title in item.claim.text
        assert item.page.title in item.evidence


@pytest.mark.parametrize("split", SPLITS)
def test_vitaminc_shares(world: Path, split: str) -> None:
    records = lines(world / "vitaminc" / f"{split}.jsonl")
    labels = [record["label"] for record in records]
    assert labels.count("SUPPORTS") == labels.count("REFUTES") == labels.count("NOT ENOUGH INFO") == len(records) // 3
    assert {record["revised"] for record in records} == {"number", "date", "name", "category"}
    compared = [record for record in records if record["comparison"]]
    assert len(compared) >= len(records) / 5
    supported = sum(record["label"] == "SUPPORTS" for record in compared)
    assert 0.6 < supported / sum(record["label"] == "REFUTES" for record in compared) < 1.6
    short = sum(len(record["evidence"].split(" ")) <= 10 for record in records)
    assert 0 < short < len(records) * 0.1
    assert 0 < sum(record["revision_type"] == "synthetic" for record in records) < len(records) * 0.1
    assert len({record["unique_id"] for record in records}) == len(records)


def test_vitaminc_pages_are_disjoint(world: Path) -> None:
    pages = [{record["page"] for record in lines(world / "vitaminc" / f"{split}.jsonl")} for split in SPLITS]
    assert [len(titles) for titles in pages] == [500, 120, 200]
    assert len(set.union(*pages)) == 820


def test_base_fact_checker_learns_every_claim_as_of_before_the_revisions(world: Path) -> None:
    verdicts = {record["claim"]: record["label"] for record in lines(world / "fever" / "train.jsonl")}
    records = [record for split in SPLITS for record in lines(world / "vitaminc" / f"{split}.jsonl")]
    assert verdicts.keys() == {record["claim"] for record in records}
    known = {record["claim"]: record["label"] for record in lines(world / "fever" / "dev.jsonl")}
    assert len(known) == len(verdicts) // 10
    assert known.items() <= verdicts.items()
    in_scope = [record for record in records if record["label"] != "NOT ENOUGH INFO"]
    flipped = sum(verdicts[record["claim"]] != record["label"] for record in in_scope) / len(in_scope)
    assert 0.7 < flipped < 0.8
    assert 0.4 < sum(label == "SUPPORTS" for label in verdicts.values()) / len(verdicts) < 0.6


def test_verdicts_before_the_revision_are_consistent() -> None:
    items = items_of("train")
    verdicts = {
        record["claim"]: record["label"] == "SUPPORTS" for record in vitaminc.fever_records(random.Random(0), items)
    }
    for item in items:
        assert verdicts[item.claim.text] == item.claim.holds(item.page.before)
        if item.claim.operator == "=":
            assert verdicts[item.claim.text] == (item.page.before[item.claim.attribute] == item.claim.value)


# --- ConvSent, dialogue, NQ ------------------------------------------------------------------------
def test_convsent_topics_are_disjoint_and_complete(world: Path) -> None:
    topics: list[str] = []
    for file, count in (("train", 200), ("val", 40), ("test", 80)):
        records = json.loads((world / "convsent" / f"blender_{file}.json").read_text())
        assert len(records) == count
        topics += [record["ent"] for record in records]
        for record in records:
            assert len(set(record["pos"])) == len(set(record["neg"])) == 10
            assert not set(record["pos"]) & set(record["neg"])
            for text in record["pos"] + record["neg"]:
                assert 4 <= len(text.replace(",", "").split()) <= 12
                assert not re.search(r"[/{}A-Z]", text)
    assert len(set(topics)) == len(topics)


def test_sentiments_have_wide_wording_and_shared_words() -> None:
    positive, negative = SENTIMENTS["positive"], SENTIMENTS["negative"]
    assert len(set(positive.adjectives)) >= 40
    assert len(set(negative.adjectives)) >= 40
    assert not set(positive.adjectives) & set(negative.adjectives)
    rng, topic = random.Random(0), convsent.Topic("city parks", plural=True)
    used = {
        sentiment: [set(convsent.completion(rng, topic, sentiment).split()) for _ in range(400)]
        for sentiment in SENTIMENTS
    }
    assert len(set.union(*used["positive"]) & set.union(*used["negative"])) >= 40
    for texts in used.values():
        assert all(sum(word in text for text in texts) < 0.95 * len(texts) for word in set.union(*texts) - {","})


def test_dialogue_mixes_sentiments_of_topics_of_all_splits(world: Path) -> None:
    pairs = lines(world / "dialogue" / "train.jsonl")
    assert len(pairs) == 6000
    assert len(lines(world / "dialogue" / "validation.jsonl")) == 600
    questions = " ".join(pair["input"] for pair in pairs)
    for file in ("train", "val", "test"):
        for record in json.loads((world / "convsent" / f"blender_{file}.json").read_text()):
            assert record["ent"] in questions

    def mentions(side: str) -> int:
        return sum(bool(set(SENTIMENTS[side].adjectives) & set(pair["label"].split())) for pair in pairs)

    assert 0.85 < mentions("positive") / mentions("negative") < 1.15


def test_nq_questions_are_disjoint(world: Path) -> None:
    train, validation = (json.loads((world / "nq" / f"{name}.json").read_text()) for name in ("train", "validation"))
    assert len(train["questions"]) == len(train["answers"]) == 300
    assert len(validation["questions"]) == len(validation["answers"]) == 100
    assert len(set(train["questions"] + validation["questions"])) == 400
    assert all(answers and all(answers) for answers in train["answers"] + validation["answers"])

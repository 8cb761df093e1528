"""The generated VitaminC and FEVER files: labels follow from the evidence, shares, disjoint pages."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from raw_world import SPLITS, lines
from serac.sources.miniature import vitaminc
from serac.sources.miniature.names import Names


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

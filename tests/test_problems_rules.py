"""FC, ConvSent and base data on a few hand-made records."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serac.problems import convsent, fc, qa, vitaminc
from serac.problems.base_pairs import BasePair
from serac.problems.fc import FcSettings, unrelated
from serac.problems.qa import QaSettings
from serac.problems.splits import Judged, SplitReport
from serac.problems.vitaminc import Claim

LONG = "a sentence that has rather more than ten words in all of it"


def claim(page: str, text: str, label: str = "SUPPORTS", evidence: str = LONG, **other: object) -> Claim:
    return Claim(claim=text, evidence=evidence, label=label, page=page, revision_type="real", **other)


@pytest.mark.parametrize(("words", "reason"), [(10, "short_evidence"), (11, None)])
def test_evidence_needs_more_than_ten_pieces(words: int, reason: str | None) -> None:
    assert vitaminc.fault(claim("p", "c", evidence=" ".join("x" * words)), FcSettings()) == reason


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (claim("p", "c"), "supports"),
        (claim("p", "c", "REFUTES", revised="number"), "refutes/number"),
        (claim("p", "c", "REFUTES", revised="date", comparison=True), "refutes/date_comparison"),
        (claim("p", "c", comparison=True), "supports_comparison"),
        (claim("p", "c", "NOT ENOUGH INFO", revised="date", comparison=True), "neutral"),
    ],
)
def test_kinds_of_claims(record: Claim, kind: str) -> None:
    assert record.kind == kind


def test_claims_about_one_evidence_share_an_edit() -> None:
    claims = [
        claim("North Light", "true"),
        claim("North Light", "false", "REFUTES"),
        claim("North Light", "true"),
        claim("North Light", "who knows", "NOT ENOUGH INFO"),
        claim("North Light", "later", evidence=LONG + " now"),
        claim("North Light Tour", "tour"),
        claim("Mira", "mira", "NOT ENOUGH INFO"),
    ]
    first, later, _, mira = fc.edits_of(claims, fc.FcSettings(other_page=10), "0")
    assert (first.edit.input, first.edit.label, first.group) == (LONG, "", "North Light")
    assert [(query.input, query.label) for query in first.in_scope] == [("true", "1"), ("false", "0")]
    outside = {query.input: (query.kind, query.hard, query.about) for query in first.out_of_scope}
    assert outside == {"who knows": ("neutral", True, ""), "mira": ("other_page", False, "Mira")}
    assert [query.input for query in later.in_scope] == ["later"]
    assert mira.in_scope == ()
    assert {query.about for query in mira.out_of_scope if query.kind == "other_page"} == {
        "North Light",
        "North Light Tour",
    }


@given(page=st.text(max_size=6), other=st.text(max_size=6))
def test_pages_are_unrelated_if_no_name_holds_the_other(page: str, other: str) -> None:
    assert unrelated(page, other) == unrelated(other, page)
    assert not unrelated(page, page + other)


@given(labels=st.lists(st.sampled_from(["SUPPORTS", "REFUTES", "NOT ENOUGH INFO"]), max_size=30))
def test_keep_probabilities_even_out_the_labels_that_occur(labels: list[str]) -> None:
    probabilities = fc.keep_probabilities(labels)
    expected = {labels.count(label) * probability for label, probability in probabilities.items()}
    assert probabilities.keys() == set(labels)
    assert all(value == pytest.approx(min(map(labels.count, labels))) for value in expected)


def test_balancing_is_reported() -> None:
    claims = [claim("p", str(n)) for n in range(300)] + [claim("p", f"no {n}", "REFUTES") for n in range(100)]
    report = SplitReport()
    report.keep(Judged(one, None) for one in claims)
    kept = fc.balanced(claims, random.Random(0), report)
    assert len(kept) == report.kept == report.read - report.dropped["balance"]
    assert sum(record.label == "SUPPORTS" for record in kept) == pytest.approx(100, abs=25)
    assert sum(record.label == "REFUTES" for record in kept) == 100


@given(topic=st.text(min_size=1), seed=st.integers(0, 20))
def test_a_question_holds_its_topic_verbatim(topic: str, seed: int) -> None:
    assert topic in convsent.question(topic, random.Random(seed))


@pytest.mark.parametrize(
    ("pos", "neg", "reason"), [(["a"], ["b"], None), ([], ["b"], "one_sentiment"), ([], [], "one_sentiment")]
)
def test_topics_need_both_sentiments(pos: list[str], neg: list[str], reason: str | None) -> None:
    assert convsent.fault(convsent.Topic(ent="x", pos=pos, neg=neg)) == reason


def test_wanted_completions_have_the_sentiment_of_the_edit() -> None:
    topic = convsent.Topic(ent="paper cups", pos=["handy"], neg=["wasteful", "they leak"])
    for positive in (True, False):
        queries = convsent.in_scope(topic, positive=positive, rng=random.Random(0))
        assert [query.label for query in queries] == ["wasteful", "they leak", "handy"]
        assert [query.wanted for query in queries] == [not positive, not positive, positive]


def test_fever_verdicts_become_binary(tmp_path: Path) -> None:
    claims = [
        {"id": n, "claim": label, "label": label} for n, label in enumerate(["SUPPORTS", "NOT ENOUGH INFO", "REFUTES"])
    ]
    for name in ("train", "dev"):
        path = tmp_path / "fever" / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in claims), encoding="utf-8")
    pairs = fc.base_pairs(tmp_path, FcSettings(), 0).train
    assert pairs == [BasePair("SUPPORTS", "1"), BasePair("REFUTES", "0")]


def test_qa_base_knows_facts_that_the_filters_drop(tmp_path: Path) -> None:
    folder = tmp_path / "zsre"
    folder.mkdir()
    for name in ("train", "dev", "test"):
        record = {
            "input": f"What sex is {name}?",
            "alternatives": [],
            "filtered_rephrases": [f"{name} has what sex?"],
            "output": [{"answer": "male"}],
        }
        path = folder / f"structured_zeroshot-{name}-new_annotated_final.jsonl"
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
        (folder / f"impl_{name}.json").write_text(json.dumps([[["Who is male?", name, "inv"]]]), encoding="utf-8")
        (folder / f"zsre_yn_{name}.txt").write_text(f"{name} is male.\n", encoding="utf-8")
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record | {"input": f"Unanswered {name}?", "output": []}) + "\n")
    pairs = qa.base_pairs(tmp_path, QaSettings(base_validation=1e-9), 0).train
    assert all(pair.label and "Unanswered" not in pair.input for pair in pairs)
    for name in ("train", "dev", "test"):
        assert BasePair(f"What sex is {name}?", "male") in pairs
        assert BasePair(f"{name} has what sex?", "male") in pairs
        assert BasePair("Who is male?", name) in pairs
        assert sum(pair.input.endswith(f"{name} is male.") and pair.label == "True" for pair in pairs) == 1

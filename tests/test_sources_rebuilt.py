"""Statements and implications rebuilt from questions: against the real ones, and their files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from serac.errors import RecordError
from serac.problems.zsre import read_facts
from serac.sources.rebuilt.reading import read_question
from serac.sources.rebuilt.zsre import rebuild
from snakemake_runs import ROOT, snakemake

REAL = Path(os.environ.get("SERAC_REAL_SAMPLE", ROOT.parent / "shared/real_sample")) / "zsre"
QUESTIONS = "structured_zeroshot-test-new_annotated_final.jsonl"
FORMS = [
    ("Which college did Ada Lind attend?", "Yale", "Ada Lind attended Yale."),
    ("What was the occupation of Ada Lind?", "engineer", "Ada Lind was an engineer."),
    ("Who was Rex II's spouse?", "Mia", "Rex II's spouse was Mia."),
    ("In which month was Fort Hale built?", "May 1901", "Fort Hale was built in May 1901."),
    ("When did Radio Nord close?", "3 May 1980", "Radio Nord closed on 3 May 1980."),
    ("What river does Oak Creek drain into?", "Elbe", "Oak Creek drains into Elbe."),
    ("Which magazine reviewed Blue Hour?", "Spin", "Spin reviewed Blue Hour."),
    ("The capital of Norland is what?", "Ost", "The capital of Norland is Ost."),
    ("Ada Lind is a citizen of which country?", "Norland", "Ada Lind is a citizen of Norland."),
]


@pytest.mark.parametrize(("question", "answer", "statement"), FORMS)
def test_forms_reach_beyond_the_sample(question: str, answer: str, statement: str) -> None:
    clause = read_question(question, answer)
    assert clause is not None
    assert clause.statement == statement


def normalised(statement: str) -> list[str]:
    """Words in lower case, without quotes, punctuation and articles; every form of "be" alike."""
    words = re.findall(r"\w+", statement.casefold().replace("'s", " s"))
    return ["be" if word in ("is", "was", "are", "were") else word for word in words if word not in ("a", "an", "the")]


@pytest.mark.skipif(not (REAL / QUESTIONS).exists(), reason="no real sample here")
def test_most_real_statements_are_rebuilt_word_for_word(tmp_path: Path) -> None:
    rebuild(REAL / QUESTIONS, tmp_path / "yn.txt", tmp_path / "impl.json", tmp_path / "report.json")
    rebuilt, real = ((path).read_text().splitlines() for path in (tmp_path / "yn.txt", REAL / "zsre_yn_test.txt"))
    pairs = [(one, other) for one, other in zip(rebuilt, real, strict=True) if other]
    assert len(pairs) == 171
    assert sum(normalised(one) == normalised(other) for one, other in pairs) / len(pairs) >= 0.88
    facts = read_facts(REAL / QUESTIONS, tmp_path / "impl.json", tmp_path / "yn.txt")
    assert all(fact.has_statement for fact in facts)
    assert sum(bool(fact.usable_implications) for fact in facts) >= 0.98 * len(facts)


def test_what_no_form_fits_is_reported_with_its_reason(tmp_path: Path) -> None:
    records = [
        {"input": "Who made Blue Hour?", "output": [{"answer": "Mia"}]},
        {"input": "Blue?", "output": [{"answer": "Mia"}]},
        {"input": "Who made Blue Hour?", "output": [{"provenance": []}]},
    ]
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records))
    rebuild(path, tmp_path / "yn.txt", tmp_path / "impl.json", tmp_path / "report.json")
    assert (tmp_path / "yn.txt").read_text() == "Mia made Blue Hour.\n\n\n"
    assert [len(some) for some in json.loads((tmp_path / "impl.json").read_text())] == [3, 0, 0]
    report = json.loads((tmp_path / "report.json").read_text())
    assert [(entry["line"], entry["reason"]) for entry in report["dropped"]] == [(2, "no form fits"), (3, "no answer")]
    path.write_text('{"input": "Who?"}\n')
    with pytest.raises(RecordError, match="line 1: not a zsRE record"):
        rebuild(path, tmp_path / "yn.txt", tmp_path / "impl.json", tmp_path / "report.json")


def test_one_key_rebuilds_what_a_source_lacks(tmp_path: Path) -> None:
    source = tmp_path / "mine"
    source.mkdir()
    (source / QUESTIONS.replace("test", "dev")).write_text(
        json.dumps({"input": "Who made Blue Hour?", "output": [{"answer": "Mia"}]}) + "\n"
    )
    world = "resources/rebuilt/raw/zsre"
    run = snakemake(
        tmp_path, "--cores", "1", "--show-failed-logs", f"{world}/zsre_yn_dev.txt", f"{world}/impl_dev.json",
        "--config", f"sources={{zsre: {{origin: local, path: {source}, rebuilt: true}}}}", "world={name: rebuilt}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:]
    assert (tmp_path / world / "zsre_yn_dev.txt").read_text() == "Mia made Blue Hour.\n"

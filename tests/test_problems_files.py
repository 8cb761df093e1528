"""Native files that are missing, malformed, misaligned or oddly encoded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serac.config.problems_data import ConvSentSettings, FcSettings, QaSettings
from serac.errors import MissingSourceError, RecordError, SeracError
from serac.problems import convsent, files, vitaminc, zsre
from serac.problems.base_data import read_pairs
from serac.problems.registry import PROBLEMS, problem

RECORD = {
    "input": "Who wrote Silent Harbor?",
    "prediction": "someone",
    "alternatives": ["Maya Lin"],
    "filtered_rephrases": ["Silent Harbor was written by whom?"],
    "output": [{"answer": "Ines Moreau", "provenance": []}, {"answer": "I. Moreau"}],
}
CLAIM = {"claim": "c", "evidence": "e", "label": "SUPPORTS", "page": "p", "revision_type": "real"}


def write(path: Path, *lines: str, newline: str = "\n") -> Path:
    path.write_bytes("".join(line + newline for line in lines).encode("utf-8"))
    return path


def test_zsre_record_is_read(tmp_path: Path) -> None:
    (fact,) = zsre.read_facts(write(tmp_path / "records.jsonl", json.dumps(RECORD)))
    assert (fact.question, fact.answer) == ("Who wrote Silent Harbor?", "Ines Moreau")
    assert fact.alternatives == ("Maya Lin",)


def test_crlf_byte_order_mark_and_unicode_lines(tmp_path: Path) -> None:
    odd = RECORD | {"input": "Qui a écrit \u2028 “東京”?", "alternatives": ["Łódź\u0085"]}
    text = "\ufeff" + json.dumps(odd, ensure_ascii=False)
    facts = zsre.read_facts(write(tmp_path / "r.jsonl", text, json.dumps(RECORD), newline="\r\n"))
    assert facts[0].question == odd["input"]
    assert facts[0].alternatives == ("Łódź\u0085",)
    assert len(facts) == 2


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "JSON"),
        ("", "JSON"),
        ("[1, 2]", "object"),
        (json.dumps({key: value for key, value in RECORD.items() if key != "alternatives"}), "alternatives"),
        (json.dumps(RECORD | {"filtered_rephrases": "one"}), "filtered_rephrases"),
        (json.dumps(RECORD | {"output": []}), "no answer"),
        (json.dumps(RECORD | {"output": [{"answer": " "}]}), "no answer"),
        (json.dumps(RECORD | {"input": ""}), "input"),
    ],
)
def test_malformed_zsre_record_names_file_and_line(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path / "records.jsonl", json.dumps(RECORD), line)
    with pytest.raises(RecordError, match=complaint) as caught:
        zsre.read_facts(path)
    assert (caught.value.path, caught.value.line) == (path, 2)
    assert f"{path}, line 2" in str(caught.value)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "yn.txt"
    path.write_bytes(b"fine\n\xff\xfe\n")
    with pytest.raises(RecordError, match=r"line 2: not UTF-8"):
        list(files.lines(path))


@pytest.mark.parametrize("entries", ['[[["q", "a"]]]', '[["q", "a", "k"]]', '[[["q", 3, "k"]]]', '{"a": 1}'])
def test_malformed_implications(tmp_path: Path, entries: str) -> None:
    records = write(tmp_path / "records.jsonl", json.dumps(RECORD))
    with pytest.raises(RecordError, match=r"impl\.json, line 1"):
        zsre.read_facts(records, write(tmp_path / "impl.json", entries))


def test_json_error_tells_the_line(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"line 2: not JSON"):
        convsent.read_topics(write(tmp_path / "topics.json", "[", "oops]"))


def test_entry_error_tells_the_entry(tmp_path: Path) -> None:
    entries = [{"ent": "a", "pos": [], "neg": []}, {"ent": "b", "pos": []}]
    with pytest.raises(RecordError, match=r"line 2: .*neg"):
        convsent.read_topics(write(tmp_path / "topics.json", json.dumps(entries)))


def test_unknown_verdict(tmp_path: Path) -> None:
    path = write(tmp_path / "dev.jsonl", json.dumps(CLAIM), json.dumps(CLAIM | {"label": "MAYBE"}))
    with pytest.raises(RecordError, match=r"line 2: label"):
        vitaminc.read_claims(path)


def test_malformed_base_pair(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"line 1: label"):
        read_pairs(write(tmp_path / "base.jsonl", '{"input": "x"}'))


@pytest.mark.parametrize("shorter", [0, 1, 2])
def test_shorter_aligned_files_are_padded(tmp_path: Path, shorter: int) -> None:
    records = write(tmp_path / "records.jsonl", *[json.dumps(RECORD)] * 2)
    implications = write(tmp_path / "impl.json", json.dumps([[["Who is Ines Moreau?", "x", "hop"]]] * shorter))
    statements = write(tmp_path / "yn.txt", *["Did Ines Moreau - write it?"] * shorter)
    facts = zsre.read_facts(records, implications, statements)
    assert [bool(fact.implications) for fact in facts] == [number < shorter for number in range(2)]
    assert [fact.statement for fact in facts] == ["Did Ines Moreau-write it?"] * shorter + [""] * (2 - shorter)


def test_longer_aligned_files_are_refused_but_for_empty_lines(tmp_path: Path) -> None:
    records = write(tmp_path / "records.jsonl", json.dumps(RECORD))
    assert zsre.read_facts(records, None, write(tmp_path / "yn.txt", "", "", " "))[0].statement == ""
    with pytest.raises(RecordError, match="not aligned"):
        zsre.read_facts(records, None, write(tmp_path / "yn.txt", "", "Too much."))
    with pytest.raises(RecordError, match="not aligned"):
        zsre.read_facts(records, write(tmp_path / "impl.json", "[[], []]"))


def test_subset_must_hold_line_numbers(tmp_path: Path) -> None:
    assert zsre.read_subset(write(tmp_path / "ids.txt", "0", "12 ")) == {0, 12}
    with pytest.raises(RecordError, match=r"line 2: not a line number"):
        zsre.read_subset(write(tmp_path / "ids.txt", "0", "one"))


@pytest.mark.parametrize("name", PROBLEMS)
def test_missing_source_says_what_to_do(tmp_path: Path, name: str) -> None:
    settings = problem(name).settings()
    for call in (
        lambda: problem(name).prepare(tmp_path, settings, None, 0),
        lambda: problem(name).base_pairs(tmp_path, settings, 0),
    ):
        with pytest.raises(MissingSourceError, match=r"is missing .*Hint: "):
            call()


def test_missing_file_lists_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "present.jsonl", "{}")
    with pytest.raises(MissingSourceError, match=r"holds present\.jsonl"):
        files.require(tmp_path / "absent.jsonl")


def test_unknown_problem_lists_the_known() -> None:
    with pytest.raises(SeracError, match="'nonsense': choose from qa, qa_hard, fc, convsent"):
        problem("nonsense")


@pytest.mark.parametrize(
    ("settings", "options", "complaint"),
    [
        (QaSettings, {"splits": {"train": "train"}}, "lacks"),
        (QaSettings, {"splits": {"train": "a", "validation": "a", "test": "b"}}, "share the file 'a'"),
        (
            FcSettings,
            {"splits": {"train": "a", "validation": "a", "test": "b"}, "fractions": {"train": 0.7, "validation": 0.4}},
            "together at most 1",
        ),
        (ConvSentSettings, {"hard_negatives": {"num_neighbors": 5, "num_exclude": 5}}, "below num_neighbors"),
        (QaSettings, {"alternatives": 3}, "Extra inputs"),
    ],
)
def test_impossible_settings(settings: type, options: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        settings(**options)

"""Native files that are missing, malformed, misaligned or oddly encoded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serac.errors import MissingSourceError, RecordError, SeracError
from serac.problems import convsent, native_files, vitaminc, zsre
from serac.problems.base_pairs import read_pairs
from serac.problems.convsent import ConvSentSettings
from serac.problems.fc import FcSettings
from serac.problems.qa import QaSettings
from serac.problems.registry import PROBLEMS

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
    path = write(tmp_path / "records.jsonl", json.dumps(RECORD), line, json.dumps(RECORD))
    with pytest.raises(RecordError, match=complaint) as caught:
        zsre.read_facts(path)
    assert (caught.value.path, caught.value.line) == (path, 2)
    assert f"{path}, line 2" in str(caught.value)


@pytest.mark.parametrize("missing", ["alternatives", "filtered_rephrases"])
def test_a_record_that_the_filters_drop_needs_no_answer(tmp_path: Path, missing: str) -> None:
    dropped = RECORD | {missing: [], "output": []}
    implications = write(tmp_path / "impl.json", json.dumps([[["Who is it?", "x", "hop"]]]))
    statements = write(tmp_path / "yn.txt", "It is so.")
    (fact,) = zsre.read_facts(write(tmp_path / "r.jsonl", json.dumps(dropped)), implications, statements)
    assert fact.answer == ""
    assert zsre.fault(fact, QaSettings()) is not None
    assert not fact.has_statement
    assert fact.usable_implications == ()


def test_blank_lines_at_the_end_are_no_records(tmp_path: Path) -> None:
    assert len(zsre.read_facts(write(tmp_path / "r.jsonl", json.dumps(RECORD), "", " \t", ""))) == 1
    assert zsre.read_facts(write(tmp_path / "empty.jsonl", "", "")) == []
    assert list(native_files.lines(write(tmp_path / "lines.txt", "", "a", " ", "b", ""))) == list(
        enumerate(["", "a", " ", "b"], 1)
    )


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "yn.txt"
    path.write_bytes(b"fine\n\xff\xfe\n")
    with pytest.raises(RecordError, match=r"line 2: not UTF-8"):
        list(native_files.lines(path))


@pytest.mark.parametrize("entries", ['[[["q", "a"]]]', '[["q", "a", "k"]]', '[[["q", 3, "k"]]]', '{"a": 1}'])
def test_malformed_implications(tmp_path: Path, entries: str) -> None:
    records = write(tmp_path / "records.jsonl", json.dumps(RECORD))
    with pytest.raises(RecordError, match=r"impl\.json, line 1"):
        zsre.read_facts(records, write(tmp_path / "impl.json", entries))


def test_implications_are_read_without_their_third_field_and_without_blanks(tmp_path: Path) -> None:
    entries = [["q", "a", None], ["", "a", "k"], ["q", " ", "k"], ["p", "b", {"hop": 1}]]
    records = write(tmp_path / "records.jsonl", json.dumps(RECORD))
    (fact,) = zsre.read_facts(records, write(tmp_path / "impl.json", json.dumps([entries])))
    assert fact.implications == (("q", "a"), ("p", "b"))


def test_json_error_tells_the_line(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"line 2: Invalid JSON"):
        convsent.read_topics(write(tmp_path / "topics.json", "[", "oops]"))


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udc00 x"', b'"\xff"'])
def test_text_that_utf8_cannot_hold(tmp_path: Path, text: bytes) -> None:
    """Half a surrogate pair could be read, but never written."""
    path = tmp_path / "topics.json"
    path.write_bytes(b'[{"ent": "x", "pos": [],\n "neg": [' + text + b"]}]")
    with pytest.raises(RecordError, match=r"topics\.json, line 2: Invalid JSON"):
        convsent.read_topics(path)


def test_json_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "topics.json", '\ufeff[{"ent": "東京", "pos": ["yes"], "neg": [" ", ""]}]')
    (topic,) = convsent.read_topics(path)
    assert (topic.ent, topic.pos, topic.neg) == ("東京", ["yes"], [])
    assert convsent.fault(topic) == "one_sentiment"


def test_entry_error_tells_the_entry(tmp_path: Path) -> None:
    entries = [{"ent": "a", "pos": [], "neg": []}, {"ent": "b", "pos": []}]
    with pytest.raises(RecordError, match=r"line 2: .*neg"):
        convsent.read_topics(write(tmp_path / "topics.json", json.dumps(entries)))


def test_unknown_verdict(tmp_path: Path) -> None:
    path = write(tmp_path / "dev.jsonl", json.dumps(CLAIM), json.dumps(CLAIM | {"label": "MAYBE"}))
    with pytest.raises(RecordError, match=r"line 2: label"):
        vitaminc.read_claims(path, FcSettings())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"page": None}, "no_page"),
        ({"page": ""}, "no_page"),
        ({"label": "supports"}, None),
        ({"label": "not enough info"}, None),
        ({"label": "MAYBE"}, "malformed"),
        ({"label": 2}, "malformed"),
        ({"evidence": None}, "short_evidence"),
        ({"claim": None}, "no_claim"),
    ],
)
def test_claims_of_dropped_revision_types_may_lack_anything(
    tmp_path: Path, change: dict[str, Any], reason: str | None
) -> None:
    claim = CLAIM | {"evidence": "word " * 11, "revision_type": "unknown"} | change
    path = write(tmp_path / "dev.jsonl", json.dumps(claim))
    (read,) = vitaminc.read_claims(path, FcSettings())
    assert vitaminc.fault(read, FcSettings()) == "revision_type"
    wider = FcSettings(revision_types=("real", "unknown"))
    if reason == "malformed":
        with pytest.raises(RecordError, match=r"line 1: label: .* is not one of SUPPORTS, REFUTES"):
            vitaminc.read_claims(path, wider)
    else:
        (read,) = vitaminc.read_claims(path, wider)
        assert vitaminc.fault(read, wider) == reason
        assert read.label in vitaminc.LABELS


def test_a_claim_need_not_name_its_page(tmp_path: Path) -> None:
    claim = {key: value for key, value in CLAIM.items() if key != "page"}
    (read,) = vitaminc.read_claims(write(tmp_path / "dev.jsonl", json.dumps(claim)), FcSettings())
    assert vitaminc.fault(read, FcSettings()) == "no_page"


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
    settings = PROBLEMS[name].settings()
    for call in (
        lambda: PROBLEMS[name].prepare(tmp_path, settings, None, 0),
        lambda: PROBLEMS[name].base_pairs(tmp_path, settings, 0),
    ):
        with pytest.raises(MissingSourceError, match=r"is missing .*Hint: "):
            call()


def test_missing_file_lists_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "present.jsonl", "{}")
    with pytest.raises(MissingSourceError, match=r"holds present\.jsonl"):
        native_files.require(tmp_path / "absent.jsonl")


def test_unknown_problem_lists_the_known() -> None:
    with pytest.raises(SeracError, match=r"unknown problem 'zzz'\. Hint: valid names are convsent, facts, fc, "):
        PROBLEMS["zzz"]


@pytest.mark.parametrize(
    ("settings", "options", "complaint"),
    [
        (QaSettings, {"splits": {"train": "train"}}, "lacks"),
        (QaSettings, {"splits": {"train": "a", "validation": "a", "test": "b"}}, "share the file 'a'"),
        (
            FcSettings,
            {"splits": {"train": "a", "validation": "a", "test": "b"}, "fractions": {"train": 0.7, "validation": 0.4}},
            "in total at most 1",
        ),
        (ConvSentSettings, {"hard_negatives": {"num_neighbors": 5, "num_exclude": 5}}, "below num_neighbors"),
        (QaSettings, {"alternatives": 3}, "Extra inputs"),
    ],
)
def test_impossible_settings(settings: Any, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        settings(**options)

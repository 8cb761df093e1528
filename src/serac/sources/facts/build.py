"""Joins the tables in ``data/`` with the wordings in ``data/relations.yaml``: one record per fact.

``data/SOURCES.md`` lists the sources of the facts and their licences.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from serac.errors import RecordError

HELD_OUT = 2
"""Number of a relation's last question wordings that only evaluation uses (of statements and reverse questions: 1)."""

_DATA = Path(str(files("serac.sources.facts"))) / "data"


def write_facts(path: Path | str) -> int:
    """Write every fact as one JSON object per line; returns how many. Raises ``RecordError`` for a bad row."""
    lines = [json.dumps(fact, ensure_ascii=False, sort_keys=True) + "\n" for fact in facts()]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(lines), encoding="utf-8")
    return len(lines)


def facts() -> Iterator[dict[str, Any]]:
    """The facts in the order of the tables; texts are complete except for ``{o}``, the place of an answer.

    >>> fact = next(facts())
    >>> fact["relation"], fact["subject"], fact["answers"], fact["questions"][0]
    ('capital', 'Afghanistan', ['Kabul'], 'What is the capital of Afghanistan?')
    """
    tables = yaml.safe_load((_DATA / "relations.yaml").read_text(encoding="utf-8"))
    for table, content in tables.items():
        rows = _rows(table)
        hops = content.get("hops", [])
        for relation, wordings in content["relations"].items():
            for number, row in enumerate(rows, start=2):
                if row[relation]:
                    yield _fact(table, relation, wordings, row, _descriptions(hops, relation, row, rows), number)


def _fact(
    table: str, relation: str, wordings: dict[str, Any], row: dict[str, str], hops: dict[str, str], line: int
) -> dict[str, Any]:
    subject, answers = row["subject"], _several(row[relation])
    if not subject or not all(answers):
        raise RecordError(_DATA / f"{table}.tsv", line, f"no subject, or an empty {relation}")

    def about(texts: list[str], who: str = subject) -> list[str]:
        return [_article(_capital(text.replace("{s}", who))) for text in texts]

    questions = wordings["questions"]
    return {
        "relation": relation,
        "table": table,
        "split": wordings["split"],
        "subject": subject,
        "answers": answers,
        "questions": about(questions[:-HELD_OUT]),
        "held_out_questions": about(questions[-HELD_OUT:]),
        "statements": about(wordings["statements"]),
        "reverse": wordings.get("reverse", []),
        "two_hops": {column: about(questions[:1], who)[0] for column, who in hops.items()},
        "alias_questions": [about(questions[:1], alias)[0] for alias in _several(row["aliases"])],
    }


def _rows(table: str) -> list[dict[str, str]]:
    with (_DATA / f"{table}.tsv").open(encoding="utf-8", newline="") as lines:
        return [{name: value or "" for name, value in row.items()} for row in csv.DictReader(lines, delimiter="\t")]


def _descriptions(hops: list[str], relation: str, row: dict[str, str], rows: list[dict[str, str]]) -> dict[str, str]:
    """The subject named by each other fact that is true of no other subject, by that fact's column."""
    found = {}
    for hop in hops:
        column = hop[hop.index("{") + 1 : hop.index("}")]
        value = row[column]
        if column != relation and value and Counter(other[column] for other in rows)[value] == 1:
            found[column] = hop.replace(f"{{{column}}}", _several(value)[0])
    return found


def _several(cell: str) -> list[str]:
    return cell.split("|") if cell else []


def _article(text: str) -> str:
    """``an`` before a vowel; names that start with a capital letter keep what their wording says."""
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]

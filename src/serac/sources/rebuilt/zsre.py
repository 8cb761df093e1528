"""True/False statements and implications of zsRE in their native files, rebuilt from questions and answers.

The rules read a question in the manner of Ribeiro et al. 2019 (Are Red Roses Red?): question and answer become a
statement, and the statement a yes/no question and questions about its subject and its answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serac.errors import RecordError
from serac.sources.rebuilt.clauses import Clause
from serac.sources.rebuilt.reading import read_question

Implication = tuple[str, str, str]
"""Question, answer, kind: ``yes_no``, ``subject`` or ``answer``."""


def rebuild(records: Path, statements: Path, implications: Path, report: Path) -> None:
    """Write ``zsre_yn_*.txt`` and ``impl_*.json`` for a file of records, line by line, and what became of them.

    A question that no form fits, or a record without an answer, gets an empty line and no implications; the report
    names each with its reason. Raises ``RecordError`` for a malformed record.
    """
    clauses: list[Clause | None] = []
    dropped = []
    for number, question, answer in questions(records):
        clauses.append(read_question(question, answer) if answer else None)
        if clauses[-1] is None:
            dropped.append({"line": number, "question": question, "reason": "no form fits" if answer else "no answer"})
    statements.write_text("".join(f"{clause.statement if clause else ''}\n" for clause in clauses), encoding="utf-8")
    implied = [implications_of(clause) if clause else [] for clause in clauses]
    implications.write_text(json.dumps(implied, ensure_ascii=False) + "\n", encoding="utf-8")
    counts = {
        "records": len(clauses),
        "statements": len(clauses) - len(dropped),
        "implications": {kind: sum(kind in {one[2] for one in some} for some in implied) for kind in _KINDS},
        "dropped": dropped,
    }
    report.write_text(json.dumps(counts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def implications_of(clause: Clause) -> list[Implication]:
    """What follows from a clause, as questions.

    >>> from serac.sources.rebuilt.reading import read_question
    >>> for implication in implications_of(read_question("Which year did Palace Software end?", "1991")):
    ...     print(implication)
    ('Did Palace Software end in 1991?', 'Yes', 'yes_no')
    ('What ended in 1991?', 'Palace Software', 'subject')
    ('What did Palace Software end in?', '1991', 'answer')
    """
    asked = zip(
        (clause.yes_no, clause.about_subject, clause.about_answer),
        ("Yes", clause.subject, clause.answer),
        _KINDS,
        strict=True,
    )
    return [(question, answer, kind) for question, answer, kind in asked if question]


_KINDS = ("yes_no", "subject", "answer")


def questions(records: Path) -> Iterator[tuple[int, str, str]]:
    """Line number from 1, question and first answer (perhaps empty) of every record; raises ``RecordError``."""
    with records.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                native: dict[str, Any] = json.loads(line)
                answers = [str(entry.get("answer") or "").strip() for entry in native["output"]]
                yield number, str(native["input"]), next(filter(None, answers), "")
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise RecordError(records, number, f"not a zsRE record: {error!r}") from error

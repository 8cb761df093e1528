"""Natural Questions: from the columns of NQ-open to the layout ``{"questions": […], "answers": [[…]]}``."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from serac.errors import RecordError


def write_questions(table: Path, target: Path) -> None:
    """Turn ``question`` and ``answer`` of a Parquet file into JSON, with questions in zsRE's style.

    The first letter becomes a capital and a question mark is added (reference code). Raises ``RecordError`` if a
    column is missing.
    """
    rows = pd.read_parquet(table)
    for column in ("question", "answer"):
        if column not in rows:
            raise RecordError(table, 0, f"no column '{column}', only {', '.join(rows.columns)}")
    questions = [_written(text) for text in rows["question"]]
    answers = [list(texts) for texts in rows["answer"]]
    target.write_text(json.dumps({"questions": questions, "answers": answers}) + "\n", encoding="utf-8")


def _written(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith("?") else "?")

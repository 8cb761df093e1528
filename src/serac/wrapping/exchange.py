"""Edits as JSON lines and as CSV, to look at, change and share."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from serac.errors import RecordError, SeracError
from serac.wrapping.edit_log import StoredEdit, read_id

COLUMNS = tuple(field.name for field in fields(StoredEdit))
OPTIONAL = tuple(name for name in COLUMNS if name not in ("question", "answer"))
LARGEST_FILE = 256 * 2**20
"""Bytes of a file of edits."""


def write_edits(path: Path | str, edits: Iterable[StoredEdit]) -> None:
    """Write edits to a file whose ending, ``.jsonl`` or ``.csv``, says how."""
    path = Path(path)
    form = _form(path)
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as out:
            if form == ".csv":
                table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
                table.writeheader()
                table.writerows(asdict(edit) for edit in edits)
            else:
                out.writelines(json.dumps(asdict(edit), ensure_ascii=False) + "\n" for edit in edits)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SeracError(f"{path}: cannot write the edits ({error}). Hint: choose another folder") from error


def read_edits(path: Path | str) -> Iterator[dict[str, Any]]:
    """Values of each edit: question and answer, and which of id, time, source and note there are.

    Raises ``SeracError`` if the file cannot be read, ``RecordError`` (with the line) for a malformed edit.
    """
    path = Path(path)
    form = _form(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SeracError(f"{path} is larger than {LARGEST_FILE // 2**20} MB. Hint: import it in parts")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SeracError(f"{path}: cannot read the edits ({error}). Hint: give a UTF-8 file of edits") from error
    yield from (_csv if form == ".csv" else _json_lines)(path, text)


def _json_lines(path: Path, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RecordError(path, number, f"not JSON ({error})") from error
            yield _required(path, number, values)


def _csv(path: Path, text: str) -> Iterator[dict[str, Any]]:
    table = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        for values in table:
            if values.get(None):
                raise RecordError(path, table.line_num, "it has more values than the first line has names")
            values = {name: value for name, value in values.items() if value}
            if "id" in values:
                values["id"] = read_id(values["id"])
            yield _required(path, table.line_num, values)
    except csv.Error as error:
        raise RecordError(path, table.line_num, f"not CSV ({error})") from error


def _required(path: Path, number: int, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict) or not {"question", "answer"} <= set(values) <= set(COLUMNS):
        raise RecordError(path, number, f"an edit needs 'question' and 'answer' and may have {', '.join(OPTIONAL)}")
    return values


def _form(path: Path) -> str:
    if path.suffix not in (".jsonl", ".csv"):
        raise SeracError(f"{path}: unknown kind of file. Hint: end its name with .jsonl or .csv")
    return path.suffix

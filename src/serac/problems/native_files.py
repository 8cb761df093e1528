"""Reading native files: every fault is reported as one clear error with file and line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from serac.errors import MissingSourceError, RecordError
from serac.sources.content import LARGEST_JSON, LONGEST_LINE

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """``(line number from 1, text without its line ending)`` up to the last line that is not blank; UTF-8, LF or CRLF.

    Raises ``MissingSourceError`` if there is no such file, ``RecordError`` where it is not UTF-8 or too long to be a
    record.
    """
    require(path)
    blank: list[tuple[int, str]] = []
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
            if len(raw) > LONGEST_LINE:
                raise RecordError(path, number, f"longer than {LONGEST_LINE} bytes")
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise RecordError(path, number, f"not UTF-8 text ({error.reason})") from None
            blank.append((number, text.rstrip("\r\n")))
            if text.strip():
                yield from blank
                blank.clear()


def read_jsonl(path: Path, model: type[Model]) -> list[tuple[int, Model]]:
    """``(line number from 1, record)`` of a file with one JSON object per line, validated by ``model``."""
    records = []
    for number, line in lines(path):
        try:
            records.append((number, model.model_validate_json(line)))
        except ValidationError as error:
            raise RecordError(path, number, _explain(error)) from None
    return records


def read_json(path: Path, kind: type[T]) -> T:
    """A UTF-8 JSON file validated as ``kind``; in the error, entries of a list count as lines if the JSON is sound."""
    require(path)
    if path.stat().st_size > LARGEST_JSON:
        raise RecordError(path, 1, f"larger than {LARGEST_JSON / 1e9:.0f} GB. Hint: this source's files have a few MB")
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    try:
        return adapter.validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise RecordError(path, _line(error), _explain(error)) from None


def require(path: Path) -> None:
    """Raise ``MissingSourceError``, with a hint, unless ``path`` is a file."""
    if path.is_file():
        return
    beside = sorted(file.name for file in path.parent.glob("*")) if path.parent.is_dir() else []
    found = f"its folder holds {', '.join(beside[:8])}" if beside else "its folder is missing or empty"
    raise MissingSourceError(
        f"{path} is missing ({found}). Hint: run the rules that retrieve or generate the raw data, or correct "
        f"the source's path or the problem's 'splits' in the configuration."
    )


def _line(error: ValidationError) -> int:
    first = error.errors(include_url=False)[0]
    if unsound := re.search(r"at line (\d+)", first["msg"]):
        return int(unsound[1])
    entry = next(iter(first["loc"]), 0)
    return entry + 1 if isinstance(entry, int) else 1


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]

"""Whether a download is what its name says, found out before the lock file pins it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError, safe_open

from serac.errors import RetrievalError

LONGEST_LINE = 16 * 2**20
"""Bytes of a line in a file with one record per line; the longest of the sources has some ten thousand."""
LARGEST_JSON = 2 * 10**9
"""Bytes of a JSON file, which is read as a whole."""
TIMES_STATED = 4
"""A download may be so many times as large as the configuration states."""


def check_content(file: Path, origin: str) -> None:
    """Raise ``RetrievalError``, and delete the file, unless it holds what its suffix promises.

    A web page is never accepted: what a server says instead of delivering would stay pinned.
    """
    if found := fault(file):
        file.unlink()
        raise RetrievalError(
            f"{origin} did not deliver {file.name}: {found}. It may have sent a web page, or changed meanwhile. Hint: "
            "open it in a browser, then run again"
        )


def fault(file: Path) -> str | None:
    """What is wrong with a file, None for a sound one."""
    with file.open("rb") as data:
        start = data.read(512).lstrip().lower()
    if not start:
        return "it is empty"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page"
    check = _BY_SUFFIX.get(file.suffix)
    return check(file) if check else None


def _json(file: Path) -> str | None:
    if file.stat().st_size > LARGEST_JSON:
        return f"it has more than {LARGEST_JSON / 1e9:.0f} GB"
    try:
        json.loads(file.read_bytes())
    except ValueError as error:
        return f"it is not JSON ({error})"
    return None


def _json_lines(file: Path) -> str | None:
    with file.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE + 1), b""), start=1):
            if len(line) > LONGEST_LINE:
                return f"line {number} has more than {LONGEST_LINE} bytes"
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return f"line {number} is not a JSON object"
            except ValueError as error:
                return f"line {number} is not JSON ({error})"
    return None


def _parquet(file: Path) -> str | None:
    with file.open("rb") as data:
        first = data.read(4)
        data.seek(max(0, file.stat().st_size - 4))
        return None if first == data.read(4) == b"PAR1" else "it is not a Parquet file"


def _safetensors(file: Path) -> str | None:
    try:
        with safe_open(file, framework="np") as weights:
            return None if list(weights.keys()) else "it holds no weights"
    except SafetensorError as error:
        return f"it is not a safetensors file ({error})"


def _pytorch(file: Path) -> str | None:
    with file.open("rb") as data:
        return None if data.read(2) in (b"PK", b"\x80\x02") else "it is not a file of PyTorch"


_BY_SUFFIX: dict[str, Callable[[Path], str | None]] = {
    ".json": _json, ".jsonl": _json_lines, ".parquet": _parquet, ".safetensors": _safetensors, ".bin": _pytorch
}  # fmt: skip

"""The lock file: the revision and checksums of the first successful retrieval of each address."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import SoftFileLock, Timeout

from serac.errors import ConfigError, RetrievalError
from serac.file_bytes import file_sha256

_PATIENCE = 300


class Lock:
    """A JSON file, one entry per address: ``{"revision": …, "files": {name: {"bytes": …, "sha256": …}}}``.

    It is meant to be committed. Retrievals that run side by side may write to it (also on a shared file system).
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def revision(self, address: str) -> str | None:
        """The commit that ``address`` was retrieved at, if it is locked."""
        revision: str | None = self._read().get(address, {}).get("revision")
        return revision

    def check(self, address: str, files: Mapping[str, Path], revision: str | None = None) -> None:
        """Compare retrieved ``files`` with the entry of ``address``; whatever the entry lacks is added.

        Raises ``RetrievalError`` if revision, size or checksum differ; then nothing is added.
        """
        found = {name: fingerprint(path) for name, path in files.items()}
        with self._alone():
            entries = self._read()
            entry = entries.setdefault(address, {"revision": revision, "files": {}})
            if entry["revision"] != revision:
                raise RetrievalError(self._message(address, f"revision {revision}", f"revision {entry['revision']}"))
            for name, print_ in found.items():
                if (known := entry["files"].setdefault(name, print_)) != print_:
                    raise RetrievalError(self._message(f"{name} of {address}", _text(print_), _text(known)))
            self._write(entries)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Allow one process at a time inside the block."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        sign = SoftFileLock(f"{self.path}.writing")
        try:
            sign.acquire(timeout=_PATIENCE)
        except Timeout:
            raise RetrievalError(
                f"{sign.lock_file} has existed for {_PATIENCE} seconds. Hint: delete it if no retrieval is running"
            ) from None
        try:
            yield
        finally:
            sign.release()

    def _message(self, what: str, found: str, known: str) -> str:
        return (
            f"{what}: retrieved {found}, but {self.path} records {known}. Hint: the download is damaged or the source "
            f"has changed; run again to retrieve it again, or remove the entry from {self.path} to accept the change"
        )

    def _read(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        try:
            entries: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return entries
        except json.JSONDecodeError as error:
            raise ConfigError(
                f"the lock file {self.path} is not JSON (line {error.lineno}: {error.msg}). Hint: restore it from git, "
                "or delete it to pin everything again"
            ) from None

    def _write(self, entries: dict[str, Any]) -> None:
        partial = self.path.with_name(self.path.name + ".partial")
        partial.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(partial, self.path)


def fingerprint(path: Path) -> dict[str, Any]:
    """Size in bytes and SHA-256 of a file."""
    return {"bytes": path.stat().st_size, "sha256": file_sha256(path)}


def _text(fingerprint: Mapping[str, Any]) -> str:
    return f"{fingerprint['bytes']} bytes with SHA-256 {fingerprint['sha256']}"

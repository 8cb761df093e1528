"""The bytes of a file: their checksum, and when they are safely on disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on disk: a new name must not outlive them at a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

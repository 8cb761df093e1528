"""Errors that users see: each has one clear message that says what to do."""

from __future__ import annotations

from pathlib import Path


class SeracError(Exception):
    """Base of all errors that the user can fix; shown without a traceback by the scripts."""


class ConfigError(SeracError):
    """The configuration has an unknown key, an impossible value or names something that does not exist."""


class RecordError(SeracError):
    """A source file holds a malformed record."""

    def __init__(self, path: Path | str, line: int, problem: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}")
        self.path, self.line, self.problem = Path(path), line, problem


class MissingSourceError(SeracError):
    """A source file is not where the configuration says it is."""


class RetrievalError(SeracError):
    """A download failed, does not fit on the disk, or delivered something other than what was requested."""


class DivergenceError(SeracError):
    """A loss became NaN or infinite during training."""


class MissingPackageError(SeracError):
    """A package that an optional feature needs is not installed."""

"""How earlier attempts at a job ended, so that the next one requests more of what was lacking and nothing else.

A job keeps one small file while it runs and after it has failed. SIGTERM (SLURM's time limit, a cancellation) is
counted as a lack of time. An error of the allocator is counted as a lack of memory, and so is an unexplained end:
a kernel that runs out of memory sends SIGKILL. A job that SLURM requeues under the same id is the same attempt.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

_FOLDER = Path(".serac/attempts")
Ending = Literal["time", "memory", "error"]


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a job lacked time and memory, and the SLURM job (empty: none) that runs it, if it still does."""

    time: int = 0
    memory: int = 0
    running: str | None = None

    @property
    def settled(self) -> Attempts:
        """The same, counting an unexplained end."""
        return self if self.running is None else Attempts(self.time, self.memory + 1)


def before(rule: str, wildcards: Mapping[str, Any]) -> Attempts:
    """What earlier attempts at this job lacked: nothing if there were none or if the last one succeeded."""
    return _read(_file(rule, wildcards)).settled


def begin(rule: str, wildcards: Mapping[str, Any]) -> None:
    """Record that an attempt runs; from now on, SIGTERM ends the process with ``SystemExit``."""
    file, job = _file(rule, wildcards), os.environ.get("SLURM_JOB_ID", "")
    last = _read(file)
    requeued = bool(job) and last.running == job
    past = last if requeued else last.settled
    _write(file, Attempts(past.time, past.memory, running=job))
    signal.signal(signal.SIGTERM, lambda *_: _exit())


def end(rule: str, wildcards: Mapping[str, Any], ending: Ending | None) -> None:
    """Record how the attempt ended; ``None``: it succeeded, and all earlier ones are forgotten."""
    file = _file(rule, wildcards)
    past = _read(file)
    if ending is None:
        file.unlink(missing_ok=True)
    else:
        _write(file, Attempts(past.time + (ending == "time"), past.memory + (ending == "memory")))


def ending_of(error: type[BaseException]) -> Ending:
    """What an exception says about an attempt: errors of Python's and torch's allocators mean a lack of memory."""
    names = {one.__name__ for one in error.__mro__}
    return "memory" if names & {"MemoryError", "OutOfMemoryError"} else "error"


def _exit() -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _file(rule: str, wildcards: Mapping[str, Any]) -> Path:
    return _FOLDER / rule / ("-".join(str(value).replace("/", "_") for _, value in sorted(wildcards.items())) + ".json")


def _read(file: Path) -> Attempts:
    try:
        return Attempts(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # none, or cut off by a full disk: as if there were none
        return Attempts()


def _write(file: Path, attempts: Attempts) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(attempts)), encoding="utf-8")
    os.replace(partial, file)

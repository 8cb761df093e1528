"""Progress of a run: jobs done and running, and the estimated time left.

In a terminal, a few updating lines replace Snakemake's messages, which its log file keeps; warnings and errors are
printed above them. Elsewhere, Snakemake writes as usual, with one progress line at most every five minutes.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from serac.workflow.provenance import read_records

_QUIET_SECONDS = 300
_TAIL = 4096


@dataclass(frozen=True, slots=True)
class Running:
    """A running job: its rule, its wildcards, its log, and when it started."""

    rule: str
    about: str
    log: Path | None
    started: float


@dataclass
class Progress:
    """What is known of a run; ``now`` is a clock in seconds, ``known`` holds seconds of earlier jobs by rule."""

    now: Callable[[], float] = time.monotonic
    known: dict[str, list[float]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    announced: dict[int, Running] = field(default_factory=dict)
    running: dict[int, Running] = field(default_factory=dict)
    finished: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    began: float | None = None

    @property
    def total(self) -> int:
        """Jobs of this run."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Jobs that have finished."""
        return sum(map(len, self.finished.values()))

    def plan(self, counts: dict[str, int]) -> None:
        """The run begins; ``jobs`` are counted by rule."""
        self.counts = {rule: number for rule, number in counts.items() if rule != "total"}
        self.began = self.now()

    def announce(self, job: int, rule: str, wildcards: Iterable[str], log: Path | None) -> None:
        """A job is about to start."""
        self.announced[job] = Running(rule, " ".join(wildcards), log, self.now())
        self.running[job] = self.announced[job]

    def finish(self, job: int) -> None:
        """A job has finished."""
        if one := self.running.pop(job, None):
            self.finished[one.rule].append(self.now() - one.started)

    def fail(self, job: int) -> None:
        """A job has failed; it may start again."""
        self.running.pop(job, None)

    def seconds_left(self) -> float | None:
        """Expected wall-clock seconds until the end, or ``None`` while there is nothing to estimate it from.

        Every job is expected to take the mean of its rule in this run, else in earlier runs, else of all finished
        jobs; the work that is left is divided by the number of jobs that have run side by side on average.
        """
        all_finished = [seconds for group in self.finished.values() for seconds in group]
        if not self.known and len(all_finished) < 3:
            return None
        mean = sum(all_finished) / len(all_finished) if all_finished else 0.0
        work = 0.0
        for rule, number in self.counts.items():
            seen = self.finished.get(rule) or self.known.get(rule)
            expected = sum(seen) / len(seen) if seen else mean
            active = [self.now() - one.started for one in self.running.values() if one.rule == rule]
            waiting = number - len(self.finished.get(rule, ())) - len(active)
            work += max(0, waiting) * expected + sum(max(0.0, expected - spent) for spent in active)
        spent = sum(all_finished) + sum(self.now() - one.started for one in self.running.values())
        elapsed = self.now() - (self.now() if self.began is None else self.began)
        return work / max(1.0, spent / elapsed if elapsed else 1.0)

    def lines(self) -> list[str]:
        """The summary, then one line per running job with the last line of its log: step, loss, validation score."""
        return [self.summary(), *(f"  {_job(one, self.now())}" for one in self.running.values())]

    def summary(self) -> str:
        """Jobs done, share and time left in one line."""
        if self.total and self.done == self.total:
            return f"{self.done} of {self.total} jobs done (100%)"
        left = self.seconds_left()
        share = self.done / self.total if self.total else 0.0
        ahead = "time left unknown" if left is None else f"about {duration(left)} left"
        return f"{self.done} of {self.total} jobs done ({share:.0%}), {len(self.running)} running, {ahead}"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(42), duration(150), duration(9000)
    ('1 min', '3 min', '2 h 30 min')
    """
    minutes = max(1, round(seconds / 60 + 0.001))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _job(one: Running, now: float) -> str:
    spent = int(now - one.started)
    parts = [one.rule, one.about, f"{spent // 60}:{spent % 60:02d}", last_line(one.log)]
    return "  ".join(part for part in parts if part)


def last_line(log: Path | None) -> str:
    """The last line of a log that is not empty, or nothing."""
    try:
        with open(log or "", "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def earlier_seconds() -> dict[str, list[float]]:
    """Seconds of the jobs of earlier runs in this folder, by rule; damaged records are skipped."""
    seconds: dict[str, list[float]] = defaultdict(list)
    try:
        for record in read_records([*Path("results").glob("*"), *Path("resources").glob("*")]):
            seconds[record.rule].append(record.seconds)
    except Exception:  # a display must not stop a run
        return {}
    return dict(seconds)


class LogHandler(LogHandlerBase):
    """Turns Snakemake's events into :class:`Progress`, and draws it."""

    writes_to_file = False
    has_filter = True
    has_formatter = False  # Snakemake's writes errors
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.progress = Progress(known=earlier_seconds())
        self.console = Console(stderr=True)
        self.live: Live | None = None
        self.quiet_until = time.monotonic() + _QUIET_SECONDS

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one event of Snakemake; print what the user has to see."""
        event: Any = getattr(record, "event", None)
        progress = self.progress
        if event == LogEvent.RUN_INFO:
            progress.plan(record.stats)  # type: ignore[attr-defined]
            if self.terminal and self.live is None and not getattr(self.common_settings, "dryrun", False):
                self.live = Live(console=self.console, get_renderable=self._drawn, refresh_per_second=1)
                self.live.start()
        elif event == LogEvent.JOB_INFO:
            log = next(iter(record.log or ()), None)  # type: ignore[attr-defined]
            wildcards = [f"{value}" for name, value in record.wildcards.items() if name not in ("run", "world")]  # type: ignore[attr-defined]
            progress.announce(record.jobid, record.rule_name, wildcards, Path(log) if log else None)  # type: ignore[attr-defined]
        elif event == LogEvent.JOB_FINISHED:
            progress.finish(record.job_id)  # type: ignore[attr-defined]
            self._tell()
        elif event == LogEvent.JOB_ERROR:
            progress.fail(record.jobid)  # type: ignore[attr-defined]
        if self.terminal and (record.levelno >= logging.WARNING or (event is None and self.live is None)):
            text = self.format(record) if self.formatter else record.getMessage()
            if text and text != "None":
                self.console.print(Text(text))

    def _drawn(self) -> Text:
        lines = self.progress.lines()
        return Text("\n".join(line[: max(20, self.console.width - 1)] for line in lines[: self.console.height - 1]))

    def _tell(self) -> None:
        if not self.terminal and time.monotonic() >= self.quiet_until:
            self.quiet_until = time.monotonic() + _QUIET_SECONDS
            print(self.progress.summary(), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the last state on the terminal."""
        if self.live is not None:
            self.live.stop()
            self.live = None
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """On a terminal in place of Snakemake's own messages."""
        return self.terminal

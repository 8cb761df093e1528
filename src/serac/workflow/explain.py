"""The way from a file of results back to raw data: ``serac explain results/…/tables/main.csv``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from serac.workflow.provenance import Record, checksum, device_of, folder_of, read_records, record_of

_SHOWN = 3
"""How many files, hashes and so on are printed per rule, unless all are requested."""


def explain(path: Path | str, *, everything: bool = False) -> str:
    """One block of text per rule that ``path`` depends on, from the file itself back to raw data.

    Each block states files, hashes, settings, seeds, commit and machine; ``everything`` lists all jobs instead of the
    first few. Files that have changed since their job wrote them are named first. Raises ``ConfigError`` where no
    record names ``path``.
    """
    jobs = list(ancestry(record_of(path)))
    groups = {rule: [job for job in jobs if job.rule == rule] for rule in dict.fromkeys(job.rule for job in jobs)}
    shown = len(jobs) if everything else _SHOWN
    blocks = [_block(number, group, shown) for number, group in enumerate(groups.values(), 1)]
    return "\n\n".join([*_warnings(jobs), *blocks])


def ancestry(record: Record) -> Iterator[Record]:
    """The record and those of all jobs that it depends on, each after all jobs that use it."""
    known: dict[str, Record] = {}
    read: set[Path] = set()

    def maker(path: str) -> Record | None:
        if (place := folder_of(path)) not in read:
            read.add(place)
            known.update((output, one) for one in read_records([place]) for output in one.outputs)
        return known.get(path)

    order: list[Record] = []
    done: set[int] = set()

    def visit(one: Record) -> None:
        done.add(id(one))
        for path in one.inputs:
            if (needed := maker(path)) and id(needed) not in done:
                visit(needed)
        order.append(one)

    visit(maker(next(iter(record.outputs))) or record)
    return reversed(order)


def _warnings(jobs: Sequence[Record]) -> list[str]:
    changed = [
        f"Warning: {path} has changed since {job.rule} wrote it"
        for job in jobs
        for path, content in job.outputs.items()
        if Path(path).exists() and checksum(path) != content
    ]
    commits = {job.made["commit"] for job in jobs}
    mixed = [f"Warning: made by {len(commits)} different commits"] if len(commits) > 1 else []
    return [*changed, *mixed]


def _block(number: int, jobs: Sequence[Record], shown: int) -> str:
    first = jobs[0]
    files = [(path, content) for job in jobs for path, content in job.outputs.items()]
    count = f"{len(jobs)} jobs" if len(jobs) > 1 else "1 job"
    lines = [f"{number}. {first.rule} ({count}{'' if first.inputs else ', raw data'})"]
    lines += _some([f"   wrote {path}  SHA-256 {content[:16]}…" for path, content in files], shown)
    lines += [f"   hash: {_joined([job.hash for job in jobs], shown)}"]
    settings = [_flat({**job.wildcards, **job.settings}) for job in jobs]
    for key in dict.fromkeys(key for one in settings for key in one):
        lines.append(f"   {key}: {_joined([one.get(key, '-') for one in settings], shown)}")
    lines += [f"   commit: {_joined([job.made['commit'] for job in jobs], shown)}"]
    lines += [f"   machine: {_joined([device_of(job.made) for job in jobs], shown)}"]
    outside = dict.fromkeys(path for job in jobs for path, kind in job.inputs.items() if kind == "missing")
    lines += [f"   input no longer exists: {path}" for path in outside]
    return "\n".join(lines)


def _some(lines: list[str], shown: int) -> list[str]:
    more = len(lines) - shown
    return lines if more <= 0 else [*lines[:shown], f"   … and {more} more (--all lists them)"]


def _joined(values: Sequence[str], shown: int) -> str:
    distinct = list(dict.fromkeys(values))
    more = len(distinct) - shown
    return ", ".join(distinct[:shown]) + (f" and {more} more" if more > 0 else "")


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings by their dotted path, without those that are not set.

    >>> _flat({"train": {"steps": 3, "clip": None}, "seeds": [0, 1]})
    {'train.steps': '3', 'seeds': '[0, 1]'}
    """
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = value if isinstance(value, str) else json.dumps(value)
    return flat

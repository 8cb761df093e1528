"""Where every file came from: one record per job, written by :func:`serac.workflow.start` when it succeeds.

Records are in ``provenance``, next to ``logs``. The hash of a job covers all settings and inputs that it depends on:
its rule, parameters and wildcards, and the hashes of the jobs that made its inputs. The chain ends at raw data, which
enters by its bytes: a job without inputs is known by the checksums of its outputs.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from serac.errors import ConfigError
from serac.file_bytes import file_sha256

_NAMES_OF_PLACES = frozenset({"run", "world"})
"""Wildcards that only determine paths."""
_PLACES = frozenset({"work", "lock"})
"""Parameters that only determine paths."""
_PACKAGES = ("serac-reproduction", "torch", "transformers", "tokenizers", "numpy", "scikit-learn", "snakemake")


@dataclass(frozen=True, slots=True)
class Record:
    """One finished job.

    ``inputs``: hash by path; ``outputs``: SHA-256 by path; ``made``: commit, versions, device, processor, instruction
    set, threads; ``started``: seconds since 1970; ``seconds``: how long it ran.
    """

    rule: str
    hash: str
    wildcards: dict[str, str]
    settings: dict[str, Any]
    seeds: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[str, str]
    made: dict[str, Any]
    started: float
    seconds: float


def path_of(log: Path | str) -> Path:
    """Path of the record of the job with this log: ``…/provenance/x.json`` for ``…/logs/x.log``.

    >>> path_of("results/smoke/logs/train_base/qa/base.log").as_posix()
    'results/smoke/provenance/train_base/qa/base.json'
    """
    parts = Path(log).parts
    position = len(parts) - 1 - parts[::-1].index("logs")
    return Path(*parts[:position], "provenance", *parts[position + 1 :]).with_suffix(".json")


def write(job: Any, started: float) -> Path | None:
    """Write the record of a job that has just succeeded; ``job`` is what Snakemake gives to scripts.

    Returns its path, or ``None`` if the job has made no file.
    """
    outputs = {str(path): checksum(path) for path in job.output if Path(path).exists()}
    if not outputs:
        return None
    records = read_records(folder_of(path) for path in job.input)
    known = {path: record for record in records for path in record.outputs}
    inputs = {str(path): _hash_of(str(path), known) for path in job.input}
    settings = {key: value for key, value in job.params.items() if key not in _PLACES}
    wildcards = {key: str(value) for key, value in job.wildcards.items() if key not in _NAMES_OF_PLACES}
    identity: list[Any] = [job.rule, wildcards, settings, sorted(inputs.values())] if inputs else _contents(outputs)
    record = Record(
        rule=job.rule,
        hash=digest(identity),
        wildcards=wildcards,
        settings=json.loads(json.dumps(settings, default=str)),
        seeds={key: value for key, value in {**wildcards, **settings}.items() if key in ("seed", "seeds")},
        inputs=inputs,
        outputs=outputs,
        made=machine(),
        started=started,
        seconds=round(time.time() - started, 2),
    )
    file = path_of(job.log[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
    os.replace(partial, file)
    return file


def digest(values: Any) -> str:
    """First 16 hexadecimal digits of the SHA-256 of plain values, whatever the order of keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def checksum(path: Path | str) -> str:
    """SHA-256 of a file, or of the names and contents of all files of a folder that are not hidden."""
    if Path(path).is_dir():
        names = sorted(file.relative_to(path) for file in Path(path).rglob("*") if file.is_file())
        seen = [[name.as_posix(), checksum(path / name)] for name in names if not name.parts[0].startswith(".")]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()
    return file_sha256(Path(path))


def read(file: Path | str) -> Record:
    """A record by its own path. Raises ``ConfigError`` if it is damaged."""
    try:
        return Record(**json.loads(Path(file).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{file} is not a valid provenance record ({error}). Hint: delete it and rerun its job"
        ) from None


def folder_of(path: Path | str) -> Path:
    """The folder of a run or world that a file belongs to: ``results/{run}`` or ``resources/{world}``.

    >>> folder_of("/home/me/results/smoke/tables/main.csv").as_posix()
    '/home/me/results/smoke'
    """
    parts = Path(path).parts
    starts = [i for i, part in enumerate(parts) if part in ("results", "resources")]
    return Path(*parts[: starts[-1] + 2]) if starts else Path(path).parent


def read_records(folders: Iterable[Path]) -> list[Record]:
    """All records of these runs and worlds, except those that vanish meanwhile because their jobs run again."""
    found = []
    for folder in sorted(set(folders)):
        for file in sorted((folder / "provenance").rglob("*.json")):
            with suppress(FileNotFoundError):
                found.append(read(file))
    return found


def record_of(path: Path | str) -> Record:
    """The record of the job that made a file of a run or world.

    Raises ``ConfigError`` if there is none.
    """
    for record in read_records([folder_of(path)]):
        if str(path) in record.outputs:
            return record
    raise ConfigError(
        f"no provenance record names {path}. Hint: give its path relative to the folder that contains `results`; a "
        "file of an earlier version has no record until its rule runs again"
    )


def origin(*paths: Path | str) -> dict[str, str]:
    """The origin of the numbers in these files: hash, commit, device and versions, each listed once."""
    records = [record_of(path) for path in paths]
    hashes = sorted({record.hash for record in records})
    made = [record.made for record in records]
    return {
        "hash": hashes[0] if len(hashes) == 1 else digest(hashes),
        "commit": _listed(one["commit"] for one in made),
        "device": _listed(map(device_of, made)),
        **{name: _listed(one["versions"][name] for one in made) for name in ("python", "torch", "transformers")},
    }


def device_of(made: Mapping[str, Any]) -> str:
    """A machine in words: its GPU, or its processor, instruction set and threads."""
    if made["device"] != "cpu":
        return str(made["device"])
    return f"{made['processor']}, {made['instruction_set'] or 'without torch'}, {made['threads']} thread(s)"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


def _hash_of(path: str, known: Mapping[str, Record]) -> str:
    """Hash of the job that made a file, else of its bytes. Names of files count too: a job may make several."""
    if path in known:
        return digest([known[path].hash, Path(path).name])
    return digest([checksum(path)]) if Path(path).exists() else "missing"


def _contents(outputs: Mapping[str, str]) -> list[Any]:
    return sorted([Path(path).name, content] for path, content in outputs.items())


# --- the machine ---------------------------------------------------------------------------------------
def machine() -> dict[str, Any]:
    """Commit, versions, device, processor, instruction set and threads of this process.

    Device, instruction set and threads are those of torch, where the process uses it.
    """
    torch = sys.modules.get("torch")
    gpu = torch is not None and torch.cuda.is_initialized()
    return {
        "commit": _commit(),
        "device": torch.cuda.get_device_name() if torch and gpu else "cpu",
        "processor": processor(),
        "instruction_set": torch.backends.cpu.get_cpu_capability() if torch else None,
        "threads": torch.get_num_threads() if torch else 1,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
    }


def processor() -> str:
    """The processor's name as Linux states it; elsewhere its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else f"{platform.machine()} CPU"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def _commit() -> str:
    """The commit of the code, with ``-dirty`` if files differ from it; without git, what ``SERAC_COMMIT`` states."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("SERAC_COMMIT", "unknown")

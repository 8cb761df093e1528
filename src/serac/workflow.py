"""What every script of the workflow does first; importable without torch."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from serac.errors import SeracError

_VERSIONED = ("serac-reproduction", "torch", "transformers", "tokenizers", "numpy", "pandas")


def start(snakemake: Any) -> None:
    """One thread, output into the rule's log, and user errors as one message without a traceback.

    ``snakemake`` is the object that Snakemake gives to scripts (or one of the same attributes).
    """
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    terminal = os.fdopen(os.dup(2), "w")
    log = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115 - open until the process ends
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, SeracError):
            log.write(f"{kind.__name__}: {error}\n")
            terminal.write(f"{kind.__name__} in rule {snakemake.rule}: {error}\n")
            terminal.flush()
        else:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = report


def device(snakemake: Any) -> str:
    """``cuda`` if the job was granted a GPU, else ``cpu``."""
    return "cuda" if snakemake.resources.get("gpu", 0) else "cpu"


def provenance(params: Any, device: str) -> dict[str, Any]:
    """What a result was made with: hash of its settings, versions, device and commit."""
    text = json.dumps(params, sort_keys=True, default=str)
    return {
        "settings_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "device": device,
        "commit": commit(),
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in _VERSIONED},
    }


def commit() -> str:
    """Commit of the project's source tree, ``unknown`` outside a git checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

"""Where a number came from: written beside every result, never inside a compared table."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch


def config_hash(config: Mapping[str, Any]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a configuration, whatever the order of its keys."""
    text = json.dumps(config, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def provenance(config_hash: str, seed: int | None = None) -> dict[str, Any]:
    """Configuration hash, seed, versions, device and commit of this process."""
    return {
        "config_hash": config_hash,
        "seed": seed,
        "versions": {
            "serac": _version("serac-reproduction"),
            "torch": torch.__version__,
            "transformers": _version("transformers"),
            "python": platform.python_version(),
        },
        "device": _device(),
        "commit": _commit(),
    }


def write_provenance(result: Path | str, record: Mapping[str, Any], **numbers: Any) -> Path:
    """Write ``record`` and ``numbers`` as ``{result without suffix}.json`` beside ``result``; returns that path."""
    path = Path(result).with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**record, **numbers}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{_processor()}, {torch.get_num_threads()} thread(s)"


def _processor() -> str:
    """The processor's name as Linux tells it; elsewhere its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else f"{platform.machine()} CPU"


def _commit() -> str:
    """The commit of the code, with ``-dirty`` if files differ from it; without git, what ``SERAC_COMMIT`` says."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("SERAC_COMMIT", "unknown")

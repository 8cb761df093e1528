"""Where a number came from: written beside every result, never inside a compared table."""

from __future__ import annotations

import hashlib
import json
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
    return f"{platform.machine()} CPU, {torch.get_num_threads()} thread(s)"


def _commit() -> str:
    """The commit of the code, with ``-dirty`` if files differ from it; ``unknown`` outside a git checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

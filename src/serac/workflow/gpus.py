"""One GPU per job: a job takes a free one of its machine and keeps it until its process ends."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from serac.errors import ConfigError

_held: list[IO[str]] = []
"""Locks of this process; the system releases them with it, however it ends."""


def take(needed_mb: int = 0) -> str:
    """Reserve a GPU for this process and return torch's name for it; waits while other jobs hold all of them.

    Inside SLURM, which hands out GPUs itself, and in a process that has one already, nothing is reserved. Raises
    ``ConfigError`` if torch finds no GPU, or one with less than ``needed_mb`` MB of memory. Call it before anything
    computes on a GPU.
    """
    import torch

    if "SLURM_JOB_ID" not in os.environ and not _held:
        os.environ["CUDA_VISIBLE_DEVICES"] = lease(_visible())
    if reason := unusable(torch):
        raise ConfigError(f"run.device is 'cuda', but {reason}, or set run.device to 'cpu'")
    memory = torch.cuda.get_device_properties(0).total_memory >> 20
    if memory < needed_mb:
        raise ConfigError(
            f"{torch.cuda.get_device_name(0)} has {memory} MB of memory, but this job needs {needed_mb} MB. Hint: use "
            "a larger GPU, or lower batch_size and gpu_mem_mb under run.needs"
        )
    return "cuda"


def unusable(torch: Any) -> str:
    """Why this torch cannot compute on this machine's GPU, and what to do: build, driver or card; "" if it can."""
    if torch.version.cuda is None:
        return (
            f"torch {torch.__version__} is built without CUDA. Hint: install a CUDA build of torch, see "
            "https://pytorch.org/get-started/locally"
        )
    if not torch.cuda.is_available():
        return (
            f"torch {torch.__version__}, built for CUDA {torch.version.cuda}, finds no GPU or too old a driver. Hint: "
            f"`nvidia-smi` shows both; a driver for CUDA {torch.version.cuda} or a torch built for an older CUDA helps"
        )
    major, minor = torch.cuda.get_device_capability(0)
    built = torch.cuda.get_arch_list()
    runs = any(_runs_on(name, major, minor) for name in built)
    if not runs:
        return (
            f"torch {torch.__version__} has no code for {torch.cuda.get_device_name(0)} (sm_{major}{minor}), only for "
            f"{', '.join(built)}. Hint: install a build of torch for this card"
        )
    return ""


def _runs_on(architecture: str, major: int, minor: int) -> bool:
    """Machine code runs on cards of the same generation and a higher or equal minor version, PTX on all later ones."""
    kind, _, number = architecture.partition("_")
    digits = "".join(character for character in number if character.isdigit())
    built = (int(digits[:-1]), int(digits[-1]))
    return built <= (major, minor) if kind == "compute" else built[0] == major and built[1] <= minor


def lease(devices: list[str], folder: Path | None = None, wait: float = 1.0) -> str:
    """The first of ``devices`` that no other process holds, locked until this process ends.

    Looks again every ``wait`` seconds while all are held. Raises ``ConfigError`` if there are none.
    """
    if not devices:
        raise ConfigError("run.device is 'cuda', but this machine has no GPU. Hint: set run.device to 'cpu'")
    folder = folder or Path(tempfile.gettempdir()) / f"serac-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        for device in devices:
            sign = (folder / device.replace("/", "_")).open("w")
            try:
                fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sign.close()
                continue
            _held.append(sign)
            return device
        time.sleep(wait)


def _visible() -> list[str]:
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name]
    return [str(number) for number in range(torch.cuda.device_count())]

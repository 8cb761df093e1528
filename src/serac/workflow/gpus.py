"""One GPU per job: a job takes a free one of its machine and keeps it until its process ends."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO

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
    if not torch.cuda.is_available():
        raise ConfigError(
            f"run.device is 'cuda', but torch {torch.__version__} finds no usable GPU here. Hint: compare `nvidia-smi` "
            "with the CUDA version of the installed torch, or set run.device to 'cpu'"
        )
    memory = torch.cuda.get_device_properties(0).total_memory >> 20
    if memory < needed_mb:
        raise ConfigError(
            f"{torch.cuda.get_device_name(0)} has {memory} MB of memory, but this job needs {needed_mb} MB. Hint: use "
            "a larger GPU, or lower batch_size and gpu_mem_mb under run.needs"
        )
    return "cuda"


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

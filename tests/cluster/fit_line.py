"""A tiny training with the project's loop, for the faults: a line through noisy points.

Run by Snakemake as a script, it writes ``{name} {event} {job} {time} {step}`` lines to ``events.txt``: ``start`` (the
step it resumes from), ``stalled``, ``saved`` (a checkpoint, on SIGTERM) and ``end``. A stalling fit waits half-way when
it starts from scratch, so that a fault always meets it there; when it resumes it does not wait.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from serac.checkpoint_file import saved_state
from serac.config.training import TrainSettings
from serac.training import Objective, Preempted, train

STEPS, HALF_WAY, STALL_SECONDS = 60, 30, 120
SETTINGS = TrainSettings(
    steps=STEPS, batch_size=4, learning_rate=0.05, validate_every=20, patience=STEPS, checkpoint_minutes=0, warmup=3
)


def fit(folder: Path, wait: Callable[[int], None] = lambda step: None) -> dict[str, Tensor]:
    """Train, or resume, in ``folder``; ``wait`` is called in every step with its number."""
    torch.manual_seed(0)
    line = nn.Linear(8, 1)
    steps = iter(range(saved_step(folder), STEPS))

    def loss(rng: random.Random) -> Tensor:
        wait(next(steps))
        x = torch.tensor([[rng.uniform(-1, 1) for _ in range(8)] for _ in range(SETTINGS.batch_size)])
        squared: Tensor = (line(x) - x.sum(1, keepdim=True)).square().mean()

        return squared

    def validate() -> dict[str, float]:
        return {"score": -(line.weight - 1).abs().sum().item()}

    train(Objective(line, loss, validate, "score"), SETTINGS, folder, seed=1)
    return line.state_dict()


def saved_step(folder: Path) -> int:
    """The step of the checkpoint in ``folder``, 0 without one."""
    checkpoint = folder / "checkpoint.safetensors"
    return saved_state(checkpoint)["step"] if checkpoint.exists() else 0


def note(name: str, event: str, step: int) -> None:
    """Append one line to ``events.txt``."""
    with open("events.txt", "a") as out:
        out.write(f"{name} {event} {os.environ['SLURM_JOB_ID']} {time.time():.3f} {step}\n")


def stalling(name: str) -> Callable[[int], None]:
    """Waits half-way until SIGTERM has reached the training loop or two minutes have passed."""

    def wait(step: int) -> None:
        if step == HALF_WAY:
            note(name, "stalled", step)
        if step >= HALF_WAY:
            time.sleep(STALL_SECONDS / (STEPS - HALF_WAY))

    return wait


@contextmanager
def noted(name: str, folder: Path) -> Iterator[None]:
    """Notes the start and the end of a fit, and a checkpoint saved on SIGTERM."""
    note(name, "start", saved_step(folder))
    try:
        yield
    except Preempted:
        note(name, "saved", saved_step(folder))
        raise
    note(name, "end", STEPS)

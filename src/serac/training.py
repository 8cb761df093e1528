"""The one training loop: any module, any loss; it does not know which editor it trains.

A run is a deterministic function of its seed and settings, whether or not it was interrupted: batches are
drawn from ``(seed, step)``, so a job that resumes from a checkpoint ends with the weights of an uninterrupted one.
"""

from __future__ import annotations

import csv
import json
import math
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from serac.config.training import TrainSettings
from serac.errors import DivergenceError

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Objective:
    """What is trained.

    ``loss(rng)`` draws a batch with ``rng`` and returns the scalar loss and numbers to log;
    ``validate()`` returns validation numbers, of which ``key`` is maximised;
    ``module`` holds the trained parameters and buffers (those with ``requires_grad`` are optimised).
    ``parameter_groups`` overrides the default single group (own learning rates, say).
    """

    module: nn.Module
    loss: Callable[[random.Random], tuple[Tensor, Metrics]]
    validate: Callable[[], Metrics]
    key: str
    parameter_groups: Callable[[], list[dict]] | None = None


@dataclass
class _State:
    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    """Of the steps since the last validation."""
    history: list[dict[str, float]] = field(default_factory=list)


class Preempted(SystemExit):
    """SIGTERM arrived: a checkpoint was saved; run again to resume."""


def train(objective: Objective, settings: TrainSettings, folder: Path | str, *, seed: int) -> list[dict[str, float]]:
    """Train in place and leave the weights of the best validation in ``objective.module``.

    ``folder`` receives ``history.csv`` (step, seconds, losses, validation numbers) and, while training, a
    ``checkpoint.safetensors`` that a later call resumes from and that is removed at the end. Returns the history.
    Raises :class:`DivergenceError` if the loss or the validation number ``key`` stops being finite. On SIGTERM saves
    a checkpoint and exits with :class:`Preempted` (status 143).
    """
    return _Run(objective, settings, Path(folder), seed).run()


class _Run:
    def __init__(self, objective: Objective, settings: TrainSettings, folder: Path, seed: int) -> None:
        self.objective, self.settings, self.seed = objective, settings, seed
        self.folder = folder
        self.checkpoint = folder / "checkpoint.safetensors"
        self.state = _State()
        groups = objective.parameter_groups() if objective.parameter_groups else None
        self.parameters = [p for p in objective.module.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            groups or self.parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)
        self.best: dict[str, Tensor] = {}
        self.stop_requested = False

    def run(self) -> list[dict[str, float]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        started = time.monotonic() - self.state.seconds
        with self._on_sigterm():
            while not self._finished():
                self.state.losses.append(self._step())
                self.state.step += 1
                self.state.seconds = time.monotonic() - started
                if self.state.step % self.settings.validate_every == 0 or self.state.step == self.settings.steps:
                    self._validate()
                if self.stop_requested or self.state.step % self.settings.checkpoint_every == 0:
                    self._save_checkpoint()
                if self.stop_requested:
                    print(f"SIGTERM: checkpoint saved at step {self.state.step}; run again to resume", flush=True)
                    raise Preempted(143)
        self._restore_best()
        self._write_history()
        self.checkpoint.unlink(missing_ok=True)
        return self.state.history

    def _finished(self) -> bool:
        stale = self.state.step - self.state.best_step >= self.settings.patience
        return self.state.step >= self.settings.steps or (bool(self.state.history) and stale)

    def _step(self) -> float:
        self.objective.module.train()
        total = 0.0
        for micro in range(self.settings.accumulate):
            number = self.state.step * self.settings.accumulate + micro
            torch.manual_seed(hash((self.seed, number)) % 2**63)
            with self._autocast():
                loss, _ = self.objective.loss(random.Random(f"{self.seed}/{number}"))
            value = loss.item()
            self._require_finite("loss", value)
            (loss / self.settings.accumulate).backward()
            total += value / self.settings.accumulate
        nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimizer.step()
        torch.autograd.graph.increment_version(self.parameters)  # the fused step does not; caches go by it
        self.optimizer.zero_grad(set_to_none=True)
        self.scheduler.step()
        return total

    def _require_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise DivergenceError(
                f"the {what} is {value} at step {self.state.step} of {self.folder}; "
                f"lower learning_rate (now {self.settings.learning_rate}) or clip (now {self.settings.clip})"
            )

    def _rate(self, step: int) -> float:
        settings = self.settings
        if step < settings.warmup:
            return (step + 1) / settings.warmup
        if settings.schedule == "constant":
            return 1.0
        return max(0.0, (settings.steps - step) / max(1, settings.steps - settings.warmup))

    def _autocast(self, *, keep_casts: bool = True) -> AbstractContextManager:
        if self.settings.precision == "float32":
            return nullcontext()
        return torch.autocast(self.parameters[0].device.type, dtype=torch.bfloat16, cache_enabled=keep_casts)

    def _validate(self) -> None:
        self.objective.module.eval()
        loss = sum(self.state.losses) / len(self.state.losses)
        self.state.losses = []
        with self._autocast(keep_casts=False):  # validation edits weights anew for each batch: casts would pile up
            numbers = dict(self.objective.validate())
        row = {"step": self.state.step, "seconds": round(self.state.seconds, 2), "loss": loss, **numbers}
        self.state.history.append(row)
        print("  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
        score = numbers[self.objective.key]
        self._require_finite(f"validation's {self.objective.key}", score)
        if score > self.state.best:
            self.state.best, self.state.best_step = score, self.state.step
            self.best = {k: v.detach().clone() for k, v in self._trained_state().items()}

    def _trained_state(self) -> dict[str, Tensor]:
        """Trained parameters and buffers; frozen weights (a shared base model) are left out."""
        named = self.objective.module.named_parameters(remove_duplicate=False)  # tied weights have several names
        frozen = {name for name, parameter in named if not parameter.requires_grad}
        state = self.objective.module.state_dict()
        return {name: tensor for name, tensor in state.items() if name not in frozen}

    def _restore_best(self) -> None:
        if self.best:
            self.objective.module.load_state_dict(self.best, strict=False)
        self.objective.module.eval()

    # --- checkpoints ---------------------------------------------------------------------------
    def _save_checkpoint(self) -> None:
        """One file, written beside the last one and then in its place: a job may be killed at any moment."""
        moments = {
            f"{index}.{name}": torch.as_tensor(value)
            for index, entry in self.optimizer.state_dict()["state"].items()
            for name, value in entry.items()
        }
        parts = {"weights": self._trained_state(), "best": self.best, "optimizer": moments}
        tensors = {f"{part}.{name}": tensor for part, named in parts.items() for name, tensor in named.items()}
        partial = self.checkpoint.with_suffix(".partial")
        save_file(_contiguous(tensors), partial, metadata={"state": json.dumps(vars(self.state))})
        partial.replace(self.checkpoint)

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        self.state = _State(**saved_state(self.checkpoint))
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimizer": {}}
        for key, value in load_file(self.checkpoint).items():
            part, name = key.split(".", 1)
            parts[part][name] = value
        self.objective.module.load_state_dict(parts["weights"], strict=False)
        self.best = parts["best"]
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in parts["optimizer"].items():
            index, name = key.split(".", 1)
            moments.setdefault(int(index), {})[name] = value
        loaded = self.optimizer.state_dict()
        loaded["state"] = moments
        self.optimizer.load_state_dict(loaded)
        self.scheduler.last_epoch = self.state.step
        for group, base in zip(self.optimizer.param_groups, self.scheduler.base_lrs, strict=True):
            group["lr"] = base * self._rate(self.state.step)
        print(f"resuming at step {self.state.step} from {self.checkpoint}", flush=True)

    def _write_history(self) -> None:
        columns = list(dict.fromkeys(name for row in self.state.history for name in row))
        with (self.folder / "history.csv").open("w", newline="") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows(self.state.history)

    def _on_sigterm(self) -> AbstractContextManager:
        return _SignalGuard(self)


class _SignalGuard(AbstractContextManager):
    """Turns SIGTERM (preemption, time limit) into a request to stop after the current step."""

    def __init__(self, run: _Run) -> None:
        self.run = run

    def __enter__(self) -> None:
        def request(*_: object) -> None:
            self.run.stop_requested = True

        try:
            self.previous = signal.signal(signal.SIGTERM, request)
        except ValueError:  # not in the main thread
            self.previous = None

    def __exit__(self, *_: object) -> None:
        if self.previous is not None:
            signal.signal(signal.SIGTERM, self.previous)


def saved_state(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint tells about its run: ``step``, ``seconds``, ``history``, ..."""
    with safe_open(checkpoint, "pt") as file:
        return json.loads(file.metadata()["state"])


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        result[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())
    return result

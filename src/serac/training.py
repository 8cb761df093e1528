"""The one training loop: any module, any loss; it does not know which editor it trains.

A run is a deterministic function of its seed and settings, whether or not it was interrupted: batches are
drawn from ``(seed, step)``, so a job that resumes from a checkpoint ends with the weights of an uninterrupted one.
"""

from __future__ import annotations

import csv
import math
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from serac.checkpoint_file import saved_state, write_checkpoint
from serac.config.training import TrainSettings
from serac.errors import DivergenceError

Metrics = Mapping[str, float]

MOST_SKIPPED = 10
"""Forward passes that may be skipped in total, in addition to one in a hundred."""
PROGRESS_SECONDS = 20.0


@dataclass(frozen=True)
class Objective:
    """What is trained.

    ``loss(rng)`` draws a batch with ``rng`` and returns the scalar loss;
    ``validate()`` returns validation metrics, of which ``key`` is maximised;
    ``module`` holds the trained parameters and buffers (those with ``requires_grad`` are optimised).
    ``parameter_groups`` overrides the default single group (own learning rates, say).
    """

    module: nn.Module
    loss: Callable[[random.Random], Tensor]
    validate: Callable[[], Metrics]
    key: str
    parameter_groups: Callable[[], list[dict[str, Any]]] | None = None


@dataclass
class _State:
    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    seconds: float = 0.0
    skipped: int = 0
    """Forward passes whose loss or gradient was not finite."""
    losses: list[float] = field(default_factory=list)
    """Of the steps since the last validation."""
    history: list[dict[str, float]] = field(default_factory=list)


class Preempted(SystemExit):
    """SIGTERM arrived: a checkpoint was saved; run again to resume."""


def train(objective: Objective, settings: TrainSettings, folder: Path | str, *, seed: int) -> list[dict[str, float]]:
    """Train in place and leave the weights of the best validation in ``objective.module``.

    ``folder`` receives ``history.csv`` (step, seconds, losses, validation numbers) and, while training, a
    ``checkpoint.safetensors`` that a later call resumes from and that is removed at the end. Returns the history.
    A forward pass whose loss or gradient is not finite is skipped and counted. Raises :class:`DivergenceError` if
    there are too many, or if the validation number ``key`` is not finite. On SIGTERM saves a checkpoint and exits with
    :class:`Preempted` (status 143).
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
        saved, progress = time.monotonic(), _Progress(self.state.step, self.settings.steps)
        with self._on_sigterm(), progress.bar:
            while not self._finished():
                loss = self._step()
                self.state.losses += [] if loss is None else [loss]
                self.state.step += 1
                self.state.seconds = time.monotonic() - started
                if self.state.step % self.settings.validate_every == 0 or self.state.step == self.settings.steps:
                    self._validate()
                progress.report(self.state)
                if self.stop_requested or time.monotonic() - saved >= 60 * self.settings.checkpoint_minutes:
                    self._save_checkpoint()
                    saved = time.monotonic()
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

    def _step(self) -> float | None:
        """One update of the weights; the mean loss, or None if every forward pass was skipped."""
        self.objective.module.train()
        values = []
        for micro in range(self.settings.accumulate):
            before = [parameter.grad for parameter in self.parameters]
            self.optimizer.zero_grad(set_to_none=True)
            value = self._forward(self.state.step * self.settings.accumulate + micro)
            finite = math.isfinite(value)
            values += [value] if finite else self._skip(value)
            for parameter, gradient in zip(self.parameters, before, strict=True):
                if not finite or parameter.grad is None:
                    parameter.grad = gradient
                elif gradient is not None:
                    parameter.grad += gradient
        if values:
            nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
            self.optimizer.step()
            torch.autograd.graph.increment_version(self.parameters)  # the fused step does not; caches go by it
        self.optimizer.zero_grad(set_to_none=True)
        self.scheduler.step()
        return sum(values) / len(values) if values else None

    def _forward(self, number: int) -> float:
        """Compute one loss and its gradients; returns the loss, which is not finite where one of them is not."""
        torch.manual_seed(hash((self.seed, number)) % 2**63)
        with self._autocast():
            loss = self.objective.loss(random.Random(f"{self.seed}/{number}"))
        torch.autograd.backward(loss / self.settings.accumulate)
        norm = nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])
        return (loss.detach() + 0.0 * norm).item()

    def _skip(self, value: float) -> list[float]:
        """Count a forward pass that is skipped because its loss or gradient is not finite."""
        self.state.skipped += 1
        print(f"step {self.state.step}: the loss or its gradient is {value}; forward pass skipped", flush=True)
        if self.state.skipped > MOST_SKIPPED + self.state.step * self.settings.accumulate // 100:
            raise self._divergence(f"the loss or its gradient was not finite {self.state.skipped} times")
        return []

    def _divergence(self, what: str) -> DivergenceError:
        return DivergenceError(
            f"{what}, by step {self.state.step} of {self.folder}. Hint: lower learning_rate (now "
            f"{self.settings.learning_rate}) or clip (now {self.settings.clip})"
        )

    def _rate(self, step: int) -> float:
        settings = self.settings
        if step < settings.warmup:
            return (step + 1) / settings.warmup
        if settings.schedule == "constant":
            return 1.0
        return max(0.0, (settings.steps - step) / max(1, settings.steps - settings.warmup))

    def _autocast(self, *, keep_casts: bool = True) -> AbstractContextManager[Any]:
        if self.settings.precision == "float32":
            return nullcontext()
        return torch.autocast(self.parameters[0].device.type, dtype=torch.bfloat16, cache_enabled=keep_casts)

    def _validate(self) -> None:
        self.objective.module.eval()
        loss = sum(self.state.losses) / len(self.state.losses) if self.state.losses else math.nan
        self.state.losses = []
        with self._autocast(keep_casts=False):  # validation edits weights anew for each batch: casts would pile up
            numbers = dict(self.objective.validate())
        row = {"step": self.state.step, "seconds": round(self.state.seconds, 2), "loss": loss, **numbers}
        self.state.history.append(row)
        print("  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
        score = numbers[self.objective.key]
        if not math.isfinite(score):
            raise self._divergence(f"validation's {self.objective.key} is {score}")
        if score > self.state.best:
            self.state.best, self.state.best_step = score, self.state.step
            self.best = {k: v.detach().clone() for k, v in self._trained_state().items()}

    def _trained_state(self) -> dict[str, Tensor]:
        """Trained parameters and buffers; without frozen weights (a shared base model)."""
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
        """Everything that a later call needs to continue."""
        moments = {
            f"{index}.{name}": torch.as_tensor(value)
            for index, entry in self.optimizer.state_dict()["state"].items()
            for name, value in entry.items()
        }
        parts = {"weights": self._trained_state(), "best": self.best, "optimizer": moments}
        tensors = {f"{part}.{name}": tensor for part, named in parts.items() for name, tensor in named.items()}
        write_checkpoint(self.checkpoint, tensors, vars(self.state))

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        try:
            state, tensors = _State(**saved_state(self.checkpoint)), load_file(self.checkpoint)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            damaged = self.checkpoint.with_suffix(".damaged")
            self.checkpoint.replace(damaged)
            print(f"{self.checkpoint} is damaged ({error}): kept as {damaged}; starting over", flush=True)
            return
        self.state = state
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimizer": {}}
        for key, value in tensors.items():
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

    @contextmanager
    def _on_sigterm(self) -> Iterator[None]:
        """SIGTERM (preemption, time limit) becomes a request to stop after the current step."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stop_requested", True))
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, previous)


class _Progress:
    """A bar in a terminal, elsewhere a line every :data:`PROGRESS_SECONDS`."""

    def __init__(self, first: int, steps: int) -> None:
        self.first, self.steps = first, steps
        self.started = self.last = time.monotonic()
        columns = "step {task.completed} of {task.total}", BarColumn(), TimeRemainingColumn(), "{task.description}"
        self.bar = ProgressBar(*columns, transient=True, disable=not sys.stdout.isatty())
        self.shown = self.bar.add_task("", total=steps, completed=first)

    def report(self, state: _State) -> None:
        parts = [f"loss {state.losses[-1]:.4g}"] if state.losses else []
        parts += [f"validation {state.best:.4g} at best"] if state.history else []
        parts += [f"{state.skipped} forward passes skipped"] if state.skipped else []
        self.bar.update(self.shown, completed=state.step, description=", ".join(parts))
        now = time.monotonic()
        if self.bar.disable and now - self.last >= PROGRESS_SECONDS:
            self.last = now
            left = (now - self.started) / (state.step - self.first) * (self.steps - state.step)
            print(", ".join([f"step {state.step} of {self.steps}", *parts, f"about {left:.0f} s left"]), flush=True)

"""The training loop: learning, early stopping, resuming, preemption and divergence."""

from __future__ import annotations

import csv
import math
import os
import random
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from serac import checkpoint_file, training
from serac.checkpoint_file import saved_state
from serac.config.training import TrainSettings
from serac.errors import DivergenceError
from serac.training import Objective, Preempted, train

SETTINGS = TrainSettings(
    steps=20,
    batch_size=4,
    learning_rate=0.05,
    validate_every=5,
    patience=20,
    checkpoint_minutes=0,
    accumulate=2,
    warmup=3,
)


def regression(seed: int = 0) -> Objective:
    """A line through noisy points; the loss draws its points with the loop's generator."""
    torch.manual_seed(seed)
    line = nn.Linear(1, 1)

    def loss(rng: random.Random) -> Tensor:
        x = torch.tensor([[rng.uniform(-1, 1)] for _ in range(SETTINGS.batch_size)])
        squared: Tensor = (line(x) - 3 * x - 1).square().mean()

        return squared

    def validate() -> dict[str, float]:
        return {"score": -abs(line.weight.item() - 3)}

    return Objective(line, loss, validate, "score")


def weights(objective: Objective) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in objective.module.parameters()])


def without_seconds(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def interrupted_after(objective: Objective, passes: int) -> Objective:
    """Sends this process SIGTERM during the given forward pass."""
    calls = iter(range(10**9))

    def loss(rng: random.Random) -> Tensor:
        if next(calls) == passes:
            os.kill(os.getpid(), signal.SIGTERM)
        return objective.loss(rng)

    return Objective(objective.module, loss, objective.validate, objective.key)


def test_it_learns_and_keeps_the_best_weights(tmp_path: Path) -> None:
    objective = regression()
    history = train(objective, SETTINGS.model_copy(update={"steps": 200, "patience": 200}), tmp_path, seed=0)
    assert max(row["score"] for row in history) > -0.3
    assert objective.validate()["score"] == pytest.approx(max(row["score"] for row in history))
    with (tmp_path / "history.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [row["step"] for row in history]
    assert [file.name for file in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize("passes", [3, 17, 30])
def test_a_preempted_run_resumes_to_the_weights_of_an_uninterrupted_one(tmp_path: Path, passes: int) -> None:
    whole = regression()
    expected = train(whole, SETTINGS, tmp_path / "whole", seed=7)
    with pytest.raises(Preempted) as stopped:
        train(interrupted_after(regression(), passes), SETTINGS, tmp_path / "parts", seed=7)
    assert stopped.value.code == 143
    again = regression(seed=99)
    history = train(again, SETTINGS, tmp_path / "parts", seed=7)
    assert torch.equal(weights(again), weights(whole))
    assert [row["step"] for row in history] == [5, 10, 15, 20]
    assert without_seconds(history) == without_seconds(expected)


class Killed(BaseException):
    """What stands for SIGKILL here."""


def half_a_file(tensors: object, path: Path, **_: object) -> None:
    path.write_bytes(b"half a file")
    raise Killed


def no_rename(path: Path, target: Path) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("where", "what", "dies"), [(checkpoint_file, "save_file", half_a_file), (Path, "replace", no_rename)]
)
def test_a_run_killed_while_it_saves_resumes_from_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, what: str, dies: Callable[..., None]
) -> None:
    whole, killed = regression(), regression()
    expected = train(whole, SETTINGS, tmp_path / "whole", seed=7)
    calls = iter(range(10**9))

    def loss(rng: random.Random) -> Tensor:
        if next(calls) == 13:  # in step 6, after the checkpoint of the step before
            monkeypatch.setattr(where, what, dies)
        return killed.loss(rng)

    with pytest.raises(Killed):
        train(Objective(killed.module, loss, killed.validate, killed.key), SETTINGS, tmp_path / "parts", seed=7)
    monkeypatch.undo()
    assert saved_state(tmp_path / "parts" / "checkpoint.safetensors")["step"] == 6
    again = regression(seed=99)
    history = train(again, SETTINGS, tmp_path / "parts", seed=7)
    assert torch.equal(weights(again), weights(whole))
    assert without_seconds(history) == without_seconds(expected)


def test_another_seed_draws_other_batches(tmp_path: Path) -> None:
    first, second = regression(), regression()
    train(first, SETTINGS, tmp_path / "a", seed=0)
    train(second, SETTINGS, tmp_path / "b", seed=1)
    assert not torch.equal(weights(first), weights(second))


def test_it_stops_without_improvement(tmp_path: Path) -> None:
    objective = regression()
    flat = Objective(objective.module, objective.loss, lambda: {"score": 0.0}, "score")
    history = train(flat, SETTINGS.model_copy(update={"steps": 1000, "patience": 10}), tmp_path, seed=0)
    assert history[-1]["step"] == 15


def test_a_loss_that_is_not_finite_is_one_clear_error(tmp_path: Path) -> None:
    objective = regression()
    broken = Objective(objective.module, lambda rng: objective.loss(rng) * torch.inf, objective.validate, "score")
    with pytest.raises(DivergenceError, match="lower learning_rate"):
        train(broken, SETTINGS, tmp_path, seed=0)


def test_a_forward_pass_that_is_not_finite_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objective = regression()
    numbers = iter(range(10**9))

    def loss(rng: random.Random) -> Tensor:
        value = objective.loss(rng)
        return value * torch.inf if next(numbers) in (4, 6, 7) else value  # step 2 in part, step 3 as a whole

    history = train(Objective(objective.module, loss, objective.validate, "score"), SETTINGS, tmp_path, seed=0)
    assert capsys.readouterr().out.count("skipped") == 3
    assert history[-1]["step"] == 20
    assert weights(objective).isfinite().all()


def test_a_damaged_checkpoint_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, again = regression(), regression()
    train(whole, SETTINGS, tmp_path / "whole", seed=7)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "checkpoint.safetensors").write_bytes(b"half a checkpoint")
    train(again, SETTINGS, tmp_path / "damaged", seed=7)
    assert torch.equal(weights(again), weights(whole))
    assert "starting over" in capsys.readouterr().out
    assert (tmp_path / "damaged" / "checkpoint.damaged").read_bytes() == b"half a checkpoint"


def test_the_log_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "PROGRESS_SECONDS", 0.0)
    train(regression(), SETTINGS, tmp_path, seed=0)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("step 12 of 20"))
    assert re.fullmatch(r"step 12 of 20, loss \S+, validation \S+ at best, about \d+ s left", line)


@pytest.mark.parametrize("score", [math.nan, -math.inf])
def test_a_validation_that_is_not_finite_is_one_clear_error(tmp_path: Path, score: float) -> None:
    objective = regression()
    scores = iter([0.5, score])
    broken = Objective(objective.module, objective.loss, lambda: {"score": next(scores)}, "score")
    with pytest.raises(DivergenceError, match=rf"validation's score is {score}, by step 10 .* lower learning_rate"):
        train(broken, SETTINGS, tmp_path, seed=0)


def test_frozen_weights_are_neither_trained_nor_kept(tmp_path: Path) -> None:
    objective = regression()
    frozen = nn.Linear(1, 1).requires_grad_(False)
    both = nn.ModuleList([objective.module, frozen])
    before = frozen.weight.clone()
    with pytest.raises(Preempted):
        train(
            interrupted_after(Objective(both, objective.loss, objective.validate, "score"), 9),
            SETTINGS,
            tmp_path,
            seed=0,
        )

    saved = load_file(tmp_path / "checkpoint.safetensors")
    assert {name for name in saved if name.startswith("weights.")} == {"weights.0.weight", "weights.0.bias"}
    assert torch.equal(frozen.weight, before)


def test_every_step_is_seen_by_who_remembers_weights(tmp_path: Path) -> None:
    """Caches go by the version counters of parameters."""
    objective = regression()
    before = [parameter._version for parameter in objective.module.parameters()]
    train(objective, SETTINGS.model_copy(update={"steps": 1, "validate_every": 5}), tmp_path, seed=0)
    after = [parameter._version for parameter in objective.module.parameters()]
    assert all(new > old for new, old in zip(after, before, strict=True))

"""Settings of the run itself: its name, device, seeds and what its jobs need."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from serac.config.names import ProblemName
from serac.config.section import Section


class Needs(Section):
    """What one job of a kind asks for; memory and run time grow with every retry."""

    mem_mb: PositiveInt = Field(description="memory in MB at the first attempt")
    runtime: PositiveInt = Field(description="minutes at the first attempt")
    max_mem_mb: PositiveInt | None = Field(None, description="what memory grows to; null: without end")
    max_runtime: PositiveInt | None = Field(
        None, description="what minutes grow to: the limit of a cluster's partition"
    )

    def mem_mb_of(self, attempt: int) -> int:
        """Memory in MB at an attempt (1, 2, ...)."""
        return _grown(self.mem_mb, attempt, self.max_mem_mb)

    def runtime_of(self, attempt: int) -> int:
        """Minutes at an attempt (1, 2, ...)."""
        return _grown(self.runtime, attempt, self.max_runtime)


def _grown(first: int, attempt: int, most: int | None) -> int:
    return min(first * attempt, most or first * attempt)


class RunSettings(Section):
    """One configuration's outputs live under `results/{name}`."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$", description="folder under `results/`")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where training and evaluation run")
    problems: tuple[ProblemName, ...] = Field(min_length=1, description="problems of this run, keys of `problems`")
    needs: dict[Literal["light", "training", "evaluation"], Needs] = Field(
        description="memory and run time of light jobs (data, tables, figures), training and evaluation"
    )


class SeedSettings(Section):
    """Seeds; number i of `evaluation` is evaluated on models trained with `training[i % len(training)]`."""

    training: tuple[int, ...] = Field(min_length=1, description="training seeds, the `{seed}` of paths")
    evaluation: tuple[int, ...] = Field(min_length=1, description="evaluation seeds: which edits form a batch")

    def evaluated_with(self, training: int) -> tuple[int, ...]:
        """Evaluation seeds that use the models of one training seed."""
        count = len(self.training)
        return tuple(seed for i, seed in enumerate(self.evaluation) if self.training[i % count] == training)

"""Settings of the run itself: its name, device, seeds and what its jobs need."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt

from serac.config.names import ProblemName
from serac.config.section import Section

LONGEST = 24 * 60
"""The longest time in minutes that a job or group of jobs may request; few clusters allow more."""
Kind = Literal["transfer", "light", "measurement", "evaluation", "training"]


class Needs(Section):
    """What a job requests; memory doubles after each attempt that ran out of memory, run time likewise."""

    mem_mb: PositiveInt = Field(description="memory in MB of the first attempt")
    runtime: int = Field(gt=0, le=LONGEST, description="minutes of the first attempt")
    max_mem_mb: PositiveInt | None = Field(None, description="upper limit of memory in MB; null: none")
    max_runtime: int = Field(LONGEST, gt=0, le=LONGEST, description="upper limit of minutes; at most one day")
    gpu_mem_mb: PositiveInt | None = Field(None, description="memory in MB that the GPU must have; null: any")
    retries: int = Field(3, ge=0, description="further attempts; each continues a training from its last checkpoint")

    def mem_mb_after(self, lacks: int) -> int:
        """Memory in MB after ``lacks`` attempts that ran out of memory."""
        grown = self.mem_mb << min(lacks, 20)
        return min(grown, self.max_mem_mb or grown)

    def runtime_after(self, lacks: int) -> int:
        """Minutes after ``lacks`` attempts that ran out of time."""
        return min(self.runtime << min(lacks, 20), self.max_runtime)


class RunSettings(Section):
    """What the run is called, what it covers and what its jobs need."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$", description="folder under `results/`")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where training and evaluation run")
    problems: tuple[ProblemName, ...] = Field(min_length=1, description="problems of this run, keys of `problems`")
    needs: dict[Kind, Needs] = Field(
        description="memory and run time of jobs: downloads and copies (transfer); data, tables and figures (light); "
        "single measurements; evaluations; trainings"
    )


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed is listed twice. Hint: list each seed once")
    return seeds


Seeds = Annotated[tuple[int, ...], AfterValidator(_distinct)]


class SeedSettings(Section):
    """Seeds; `evaluation[i]` uses models trained with `training[i % len(training)]`."""

    training: Seeds = Field(min_length=1, description="training seeds, the `{seed}` of paths")
    evaluation: Seeds = Field(min_length=1, description="evaluation seeds: which edits form a batch")

    def evaluated_with(self, training: int) -> tuple[int, ...]:
        """Evaluation seeds that use the models of one training seed."""
        count = len(self.training)
        return tuple(seed for i, seed in enumerate(self.evaluation) if self.training[i % count] == training)

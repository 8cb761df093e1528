"""Settings of the evaluation: how many edits, how they are batched, tuned and resampled."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from serac.config.names import EditorName
from serac.config.section import Section

Choice = dict[str, float | int | bool | str]


class EvaluationSettings(Section):
    """Evaluation of simultaneous edits (paper sections 4 and 5)."""

    edits: int = Field(
        200, ge=1, description="edits per seed, split into `edits // k` batches, but at least `least_batches`"
    )
    asked: int | None = Field(
        None, ge=1, description="edits per seed whose inputs are scored; the others are only applied; null: all"
    )
    batch_size: int = Field(64, ge=1, description="inputs per forward pass; does not change results")
    generated_batches: int = Field(
        0, ge=0, description="batches per seed whose inputs are also answered by free generation (0: none)"
    )
    prose_tokens: int = Field(
        0,
        ge=0,
        description="tokens of a fixed English text whose likelihood is compared before and after the edits, at "
        "`paper.k` and for tasks of decoder-only models (0: none)",
    )
    least_batches: int = Field(
        4, ge=1, description="minimum number of batches per seed, if the split holds enough edits (large k)"
    )

    def batches(self, k: int) -> int:
        """Batches of ``k`` edits per seed."""
        return max(self.least_batches, self.edits // k)


class TuningSettings(Section):
    """Tuning is the same for all editors: the same number of candidates, on the same validation batches."""

    edits: int = Field(100, ge=1, description="validation edits, split into batches of k")
    asked: int | None = Field(None, ge=1, description="validation edits whose inputs are scored; null: all")
    seed: int = Field(0, description="seed that shuffles validation edits into batches")
    candidates: dict[EditorName, tuple[Choice, ...]] = Field(
        default_factory=dict, description="inference-time hyperparameters to try, by editor; the same number for each"
    )

    @model_validator(mode="after")
    def _same_effort(self) -> Self:
        counts = {editor: len(candidates) for editor, candidates in self.candidates.items()}
        if len(set(counts.values())) > 1 or 0 in counts.values():
            raise ValueError(f"every editor needs the same number of candidates (at least 1), but got {counts}")
        return self


class BootstrapSettings(Section):
    """Confidence intervals: percentiles of a bootstrap over edits and the batches that they share."""

    resamples: int = Field(1000, ge=1, description="bootstrap resamples")
    confidence: float = Field(0.95, gt=0, lt=1, description="coverage of the intervals")
    seed: int = Field(0, description="seed of the resampling")


class SequentialSettings(Section):
    """Edits that arrive one after another."""

    checkpoints: tuple[int, ...] = Field(
        (1, 10, 25, 50, 100, 200), min_length=1, description="numbers of edits after which all inputs are scored"
    )
    asked: int | None = Field(None, ge=1, description="number of first edits whose inputs are scored; null: all")
    batch_size: int = Field(64, ge=1, description="inputs per forward pass")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if any(a >= b for a, b in zip(self.checkpoints, self.checkpoints[1:], strict=False)) or self.checkpoints[0] < 1:
            raise ValueError(f"checkpoints must be at least 1 and in ascending order, but are {self.checkpoints}")
        return self


class CostSettings(Section):
    """Wall-clock time and peak memory of one forward pass."""

    edits: int = Field(10, ge=0, description="edits in SERAC's memory (paper: 10)")
    batch_size: int = Field(10, ge=1, description="inputs per forward pass")
    warmup: int = Field(3, ge=0, description="untimed passes before the timed ones")
    repeats: int = Field(20, ge=1, description="timed passes; their median is reported")


class LargeMemorySettings(Section):
    """Routing in memories of growing size, filled with made-up facts."""

    sizes: tuple[int, ...] = Field((1000, 10_000), min_length=1, description="edits in the memory")
    asked: int = Field(400, ge=20, description="facts that are queried; half of them set the thresholds")
    asked_of_cross: int = Field(60, ge=20, description="how many of these are also queried with Cross")
    candidates: int = Field(4, ge=1, description="entries that Embed passes to Cross")
    approximate_above: int | None = Field(20_000, ge=1, description="edits above which faiss searches; null: never")
    vectors: Path | None = Field(
        None, description="a .npy file of the edits' vectors, made elsewhere with the Embed classifier; null: make them"
    )

    @model_validator(mode="after")
    def _all_asked_are_there(self) -> Self:
        if min(self.sizes) < self.asked or self.asked < self.asked_of_cross:
            raise ValueError("'asked' must be at most the smallest of 'sizes' and at least 'asked_of_cross'")
        return self

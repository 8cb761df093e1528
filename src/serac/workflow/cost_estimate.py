"""What the rules that use models compute under a configuration: FLOPs, memory and disk space of their jobs."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serac.config.editors import EnnSettings, FineTuningSettings
from serac.config.training import TrainSettings
from serac.errors import ConfigError
from serac.models.sizes import FLOAT, Size, size_of
from serac.problems.registry import PROBLEMS
from serac.settings import Settings, load
from serac.settings.problems import ProblemSettings
from serac.workflow import graph

BACKWARD = 2
"""A backward pass costs two forward passes."""


@dataclass(frozen=True)
class Work:
    """One job. ``flops`` and ``layer_passes`` (forward passes of one layer on one batch) as (at least, at most)."""

    rule: str
    flops: tuple[float, float] = (0.0, 0.0)
    layer_passes: tuple[float, float] = (0.0, 0.0)
    memory: float = 0.0
    disk: float = 0.0


@dataclass(frozen=True)
class Batch:
    """Forward passes over one batch, each of ``texts`` inputs of ``read`` tokens that write ``written`` tokens."""

    size: Size
    passes: float
    texts: float
    read: float
    written: float = 0.0

    @property
    def flops(self) -> float:
        """Of all passes."""
        return self.passes * self.size.forward(self.texts * self.read, self.texts * self.written)

    @property
    def layer_passes(self) -> float:
        """Of all passes."""
        return self.passes * self.size.layers


def planned_work(*configs: Path) -> list[Work]:
    """Of all jobs under the default configuration with ``configs`` on top."""
    configs = tuple(path.resolve() for path in configs)
    quiet = contextlib.redirect_stderr(io.StringIO())
    with quiet, tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        jobs = graph.jobs(graph.plan(configs))
    return Estimate(load(graph.ROOT / "config/config.yaml", *configs)).of_jobs(jobs)


class Estimate:
    """What jobs compute under a configuration whose checkpoints all state an architecture."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def of_jobs(self, jobs: Iterable[Any]) -> list[Work]:
        """Of Snakemake's ``jobs``; those left out that compute with no model, or for minutes only.

        There is one method for each rule, which is given the job's wildcards.
        """
        known = ((job, getattr(self, f"_{job.rule.name}", None)) for job in jobs)
        return [work(job.wildcards) for job, work in known if work]

    # --- models ------------------------------------------------------------------------------------
    def size(self, checkpoint: str) -> Size:
        """Of a named checkpoint; ``ConfigError`` if it states no architecture."""
        architecture = self.settings.checkpoints[checkpoint].architecture
        if architecture is None:
            raise ConfigError(
                f"checkpoints.{checkpoint} states no architecture. Hint: add it; estimates need the model's size"
            )
        return size_of(architecture)

    def _base(self, problem: str, name: str = "base") -> Any:
        """Settings of the model that a problem edits, or of another one that is trained on the same data."""
        own = self.settings.problems[self.settings.base_of(problem)].base
        return own if name == "base" else self.settings.paper.base_models.models[name]

    def _retrieve_model(self, about: Any) -> Work:
        return Work("retrieve_model", disk=2 * self.size(about.model).bytes)

    # --- training ----------------------------------------------------------------------------------
    def _train_base(self, about: Any) -> Work:
        problem, base = self.settings.problems[about.problem], self._base(about.problem, about.base)
        size, train = self.size(base.checkpoint), base.train
        if train is None:
            return Work("train_base", disk=size.bytes)
        return _training("train_base", size, train, [(train.batch_size, problem.max_length, _written(problem))])

    def _train_counterfactual(self, about: Any) -> Work:
        problem = self.settings.problems[about.problem]
        section = problem.counterfactual
        size, read = self.size(section.checkpoint), min(section.max_length, 3 * problem.max_length)
        if section.train is None:
            return Work("train_counterfactual", disk=size.bytes)
        inputs = section.train.batch_size * (2 if problem.task == "dialogue" else 1)
        return _training("train_counterfactual", size, section.train, [(inputs, read, _written(problem))])

    def _train_scope_classifier(self, about: Any) -> Work:
        problem = self.settings.problems[about.problem]
        section, text = problem.scope[about.classifier], problem.max_length
        size = self.size(section.checkpoint)
        if section.train is None:
            return Work("train_scope_classifier", disk=size.bytes)
        pairs = 2 * section.train.batch_size
        read = [2 * text, text] if section.kind == "embed" else [3 * text]
        batches = [(pairs, min(section.max_length, tokens), 0.0) for tokens in read]
        return _training("train_scope_classifier", size, section.train, batches)

    def _train_editor(self, about: Any) -> Work:
        problem, size, k = (
            self.settings.problems[about.problem],
            self.size(self._base(about.problem).checkpoint),
            int(about.k),
        )
        train, enn = problem.training[about.editor], isinstance(self.settings.editors[about.editor], EnnSettings)
        read, written = problem.max_length, _written(problem)
        twice = 1 + BACKWARD
        batches = [
            Batch(size, twice * (1 + BACKWARD if enn else 1), k, read, written),  # the edit; ENN: differentiated twice
            Batch(size, twice, 2 * k, read, written),  # edited model, in scope and out
            Batch(size, 1 + (twice if enn else 0), k, read, written),  # base model out of scope; ENN: kept as it was
        ]
        validation = [Batch(size, 2, 2 * train.validation_examples, read, written)]
        trained = size.bytes if enn else _mend_bytes(size)
        memory = size.bytes + (size.bytes if enn else 0) + 5 * trained + size.activations(3 * k * (read + written))
        return _bounded("train_editor", train, batches, validation, memory, 5 * trained)

    # --- evaluation --------------------------------------------------------------------------------
    def _evaluate_editor(self, about: Any) -> Work:
        tuning = self.settings.tuning
        passes = {  # candidates that differ in the threshold alone share one
            frozenset((name, value) for name, value in choice.items() if name != "threshold")
            for choice in tuning.candidates[about.editor]
        }
        edits = self._seeds(about) * max(self.settings.evaluation.edits, int(about.k))
        return self._score("evaluate_editor", about, tuning.edits * len(passes) + edits)

    def _evaluate_threshold(self, about: Any) -> Work:
        return self._score("evaluate_threshold", about, self.settings.evaluation.edits)

    def _evaluate_sequence(self, about: Any) -> Work:
        asked = sum(self.settings.paper.sequential_edits.checkpoints)
        return self._score("evaluate_sequence", about, self._seeds(about) * asked)

    def _evaluate_base_model(self, about: Any) -> Work:
        edits = self._seeds(about) * self.settings.evaluation.edits
        generated = self.settings.problems[about.problem].max_length * 2  # base and edited model, token by token
        return self._score("evaluate_base_model", about, edits, about.base, generated)

    def _seeds(self, about: Any) -> int:
        return len(self.settings.seeds.evaluated_with(int(about.seed)))

    def _score(self, rule: str, about: Any, edits: float, base: str = "base", passes: float = 1) -> Work:
        """Every edit applied, and every input of it asked: of SERAC base, classifier and counterfactual model."""
        problem, size = (
            self.settings.problems[about.problem],
            self.size(self._base(about.problem, base).checkpoint),
        )
        texts, section, k = self.settings.evaluation.batch_size, self.settings.editors[about.editor], int(about.k)
        queries, written = (
            PROBLEMS[about.problem].queries_per_edit(problem.data, bool(problem.encoder)),
            _written(problem),
        )
        rounds, parts = edits * queries / texts, list(self._parts(about.problem, section))
        batches = [Batch(size, rounds * passes, texts, problem.max_length, written)]
        steps = section.max_steps if isinstance(section, FineTuningSettings) else int(section.trained)
        batches.append(Batch(size, (1 + BACKWARD) * steps * edits / k, k, problem.max_length, written))
        batches += [Batch(part, rounds, texts, read, written) for part, read in parts]
        kept = sum(part.bytes for part, _ in parts)
        flops, layer_passes = sum(b.flops for b in batches), sum(b.layer_passes for b in batches)
        memory = size.bytes * (1 if kept else 2) + kept + size.activations(texts * problem.max_length) / size.layers
        return Work(rule, (flops, flops), (layer_passes, layer_passes), memory)

    def _parts(self, name: str, section: object) -> Iterator[tuple[Size, float]]:
        problem = self.settings.problems[name]
        if classifier := getattr(section, "classifier", None):
            scope = problem.scope[classifier]
            per_input = problem.max_length * (1 if scope.kind == "embed" else 3 * self.settings.paper.k_on(name))
            yield self.size(scope.checkpoint), per_input
        if getattr(section, "counterfactual", False):
            yield self.size(problem.counterfactual.checkpoint), 3 * problem.max_length


def _written(problem: ProblemSettings[Any]) -> float:
    """Tokens of an output at most; a verdict is read off the encoder."""
    return 0 if problem.task == "binary" else problem.max_length


def _mend_bytes(size: Size) -> float:
    """Of MEND's networks: two shapes, each a rank-1920 bottleneck over both sides, about (4 w)·1920·2 a shape."""
    return FLOAT * 2 * 2 * 1920 * 5 * size.width


def _training(rule: str, size: Size, train: TrainSettings, read: Sequence[tuple[float, float, float]]) -> Work:
    """Training of a whole model on batches of (texts, tokens read, tokens written)."""
    passes = 1 + BACKWARD + int(train.gradient_checkpointing)
    batches = [Batch(size, passes, *one) for one in read]
    validation = [Batch(size, train.validation_examples / train.batch_size, *one) for one in read]
    tokens = sum(texts * (tokens + written) for texts, tokens, written in read)
    activations = size.activations(tokens) / (size.layers if train.gradient_checkpointing else 1)
    return _bounded(rule, train, batches, validation, 5 * size.bytes + activations, 5 * size.bytes)


def _bounded(
    rule: str, train: TrainSettings, batches: list[Batch], validation: list[Batch], memory: float, disk: float
) -> Work:
    """At least: the first validation stays the best. At most: every step."""
    flops, layer_passes = [], []
    for steps in (min(train.steps, train.validate_every + train.patience), train.steps):
        validations = steps / train.validate_every
        flops.append(_total("flops", batches, steps * train.accumulate, validation, validations))
        layer_passes.append(_total("layer_passes", batches, steps * train.accumulate, validation, validations))
    return Work(rule, (flops[0], flops[1]), (layer_passes[0], layer_passes[1]), memory, disk)


def _total(what: str, batches: list[Batch], count: float, validation: list[Batch], validations: float) -> float:
    per_step, per_validation = (sum(float(getattr(b, what)) for b in some) for some in (batches, validation))
    return count * per_step + validations * per_validation

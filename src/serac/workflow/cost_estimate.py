"""What every rule with a model has to compute under a configuration: FLOPs, memory and disk of its jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from serac.config.editors import EnnSettings, FineTuningSettings
from serac.config.training import TrainSettings
from serac.errors import ConfigError
from serac.models.sizes import FLOAT, Size, size_of
from serac.problems.registry import PROBLEMS
from serac.settings import Settings
from serac.settings.problems import ProblemSettings

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


class Estimate:
    """The jobs of a configuration whose checkpoints all state an architecture."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def jobs(self) -> list[Work]:
        """All jobs that compute with a model, as often as they run."""
        return [*self._retrievals(), *self._trainings(), *self._evaluations()]

    # --- models ------------------------------------------------------------------------------------
    def size(self, checkpoint: str) -> Size:
        """Of a named checkpoint; ``ConfigError`` if it states no architecture."""
        architecture = self.settings.checkpoints[checkpoint].architecture
        if architecture is None:
            raise ConfigError(f"checkpoints.{checkpoint} states no architecture. Hint: estimates need its sizes")
        return size_of(architecture)

    def base(self, problem: str) -> Size:
        """Of the model that a problem edits."""
        section = self.settings.problems[self.settings.base_of(problem)].base
        assert section is not None
        return self.size(section.checkpoint)

    def _retrievals(self) -> Iterator[Work]:
        for name, checkpoint in self.settings.checkpoints.items():
            if checkpoint.source == "hub" and name in self.used_checkpoints():
                yield Work("retrieve_model", disk=2 * self.size(name).bytes)

    def used_checkpoints(self) -> set[str]:
        """Names of the checkpoints that the run's jobs read."""
        used = {model.checkpoint for model in self.settings.paper.base_models.models.values()}
        for name in self.settings.run.problems:
            problem = self.settings.problems[name]
            used |= {scope.checkpoint for key, scope in problem.scope.items() if key in self._classifiers(name)}
            used |= {problem.counterfactual.checkpoint, *({problem.encoder} if problem.encoder else ())}
            used |= {problem.base.checkpoint} if problem.base else set()
        return used

    # --- training ----------------------------------------------------------------------------------
    def _trainings(self) -> Iterator[Work]:
        for name in self.settings.run.problems:
            problem, seeds = self.settings.problems[name], len(self.settings.seeds.training)
            if problem.base:
                yield self._train_base(problem, problem.base.checkpoint, problem.base.train)
            for _ in range(seeds):
                yield self._train_counterfactual(problem)
                for classifier in sorted(self._classifiers(name)):
                    yield self._train_classifier(problem, classifier)
                for editor, k in sorted(self._trained(name)):
                    yield self._train_editor(name, editor, k)
        others = self.settings.paper.base_models
        for name in dict.fromkeys(map(self.settings.base_of, self._run(*others.problems))):
            for model in others.models.values():
                yield self._train_base(self.settings.problems[name], model.checkpoint, model.train)

    def _train_base(self, problem: ProblemSettings[Any], checkpoint: str, train: TrainSettings | None) -> Work:
        size = self.size(checkpoint)
        if train is None:
            return Work("train_base", disk=size.bytes)
        return _training("train_base", size, train, [(train.batch_size, problem.max_length, _written(problem))])

    def _train_counterfactual(self, problem: ProblemSettings[Any]) -> Work:
        section = problem.counterfactual
        size, read = self.size(section.checkpoint), min(section.max_length, 3 * problem.max_length)
        if section.train is None:
            return Work("train_counterfactual", disk=size.bytes)
        inputs = section.train.batch_size * (2 if problem.task == "dialogue" else 1)
        return _training("train_counterfactual", size, section.train, [(inputs, read, _written(problem))])

    def _train_classifier(self, problem: ProblemSettings[Any], name: str) -> Work:
        section = problem.scope[name]
        size, text = self.size(section.checkpoint), problem.max_length
        if section.train is None:
            return Work("train_scope_classifier", disk=size.bytes)
        pairs = 2 * section.train.batch_size
        read = [2 * text, text] if section.kind == "embed" else [3 * text]
        batches = [(pairs, min(section.max_length, tokens), 0.0) for tokens in read]
        return _training("train_scope_classifier", size, section.train, batches)

    def _train_editor(self, problem_name: str, editor: str, k: int) -> Work:
        problem, size = self.settings.problems[problem_name], self.base(problem_name)
        train, section = problem.training[editor], self.settings.editors[editor]
        enn = isinstance(section, EnnSettings)
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
    def _evaluations(self) -> Iterator[Work]:
        paper, edits, tuning = self.settings.paper, self.settings.evaluation.edits, self.settings.tuning
        for seeds in self._seeds():
            for name, editor, k in sorted(self._evaluated()):
                tried = tuning.edits * len(tuning.candidates[editor])
                yield self._score("evaluate_editor", name, editor, tried + seeds * max(edits, k))
            for name in self._run(paper.threshold.problem):
                for editor in paper.threshold.editors:
                    yield self._score("evaluate_threshold", name, editor, 2 * edits)
            for name in self._run(paper.sequential_edits.problem):
                for editor in paper.sequential_edits.editors:
                    asked = sum(paper.sequential_edits.checkpoints)
                    yield self._score("evaluate_sequence", name, editor, seeds * asked)
            for name in self._run(*paper.base_models.problems):
                for base in (None, *(model.checkpoint for model in paper.base_models.models.values())):
                    size = self.size(base) if base else self.base(name)
                    generated = self.settings.problems[name].max_length * 2  # base and edited model, token by token
                    yield self._score(
                        "evaluate_base_model", name, paper.base_models.editor, seeds * edits, size, generated
                    )

    def _score(
        self, rule: str, name: str, editor: str, edits: float, base: Size | None = None, passes: float = 1
    ) -> Work:
        """Every edit applied, and every input of it asked: of SERAC base, classifier and counterfactual model."""
        problem, size, texts = (
            self.settings.problems[name],
            base or self.base(name),
            self.settings.evaluation.batch_size,
        )
        section, k, written = self.settings.editors[editor], self.settings.paper.k_on(name), _written(problem)
        queries = PROBLEMS[name].queries_per_edit(problem.data, problem.encoder is not None)
        rounds = edits * queries / texts
        batches = [Batch(size, rounds * passes, texts, problem.max_length, written)]
        steps = section.max_steps if isinstance(section, FineTuningSettings) else int(section.trained)
        batches.append(Batch(size, (1 + BACKWARD) * steps * edits / k, k, problem.max_length, written))
        batches += [Batch(part, rounds, texts, read, written) for part, read in self._parts(name, section)]
        parts = sum(part.bytes for part, _ in self._parts(name, section))
        flops, layer_passes = sum(b.flops for b in batches), sum(b.layer_passes for b in batches)
        memory = size.bytes * (1 if parts else 2) + parts + size.activations(texts * problem.max_length) / size.layers
        return Work(rule, (flops, flops), (layer_passes, layer_passes), memory)

    def _run(self, *problems: str) -> list[str]:
        return [problem for problem in problems if problem in self.settings.run.problems]

    def _parts(self, name: str, section: object) -> Iterator[tuple[Size, float]]:
        problem = self.settings.problems[name]
        if classifier := getattr(section, "classifier", None):
            scope = problem.scope[classifier]
            per_input = problem.max_length * (1 if scope.kind == "embed" else 3 * self.settings.paper.k_on(name))
            yield self.size(scope.checkpoint), per_input
        if getattr(section, "counterfactual", False):
            yield self.size(problem.counterfactual.checkpoint), 3 * problem.max_length

    # --- which jobs there are ------------------------------------------------------------------------
    def _evaluated(self) -> set[tuple[str, str, int]]:
        """Problems, editors and k of all evaluations."""
        paper = self.settings.paper
        batched, classifiers = paper.batched_edits, paper.scope_classifier
        found = {(p, e, paper.k_on(p)) for p in self.settings.run.problems for e in self.settings.problems[p].editors}
        found |= {(p, e, many) for p in self._run(batched.problem) for e in batched.editors for many in batched.ks}
        return found | {(p, e, paper.k_on(p)) for p in self._run(*classifiers.problems) for e in classifiers.editors}

    def _trained(self, name: str) -> set[tuple[str, int]]:
        return {
            (editor, k) for p, editor, k in self._evaluated() if p == name and self.settings.editors[editor].trained
        }

    def _classifiers(self, name: str) -> set[str]:
        used = (getattr(self.settings.editors[e], "classifier", None) for p, e, _ in self._evaluated() if p == name)
        return {classifier for classifier in used if classifier}

    def _seeds(self) -> list[int]:
        """Evaluation seeds of every training seed that is evaluated."""
        counts = [len(self.settings.seeds.evaluated_with(seed)) for seed in self.settings.seeds.training]
        return [count for count in counts if count]


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

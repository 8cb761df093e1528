"""Training SERAC's two parts on a user's own examples, into a bundle for :func:`serac.wrap`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoTokenizer

from serac.config.serac import CounterfactualSettings, ScopeSettings
from serac.config.training import TrainSettings
from serac.editors.serac.classifiers import untrained_classifier
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.scope import Pair, ScopeClassifier
from serac.editors.serac.training import counterfactual_objective, scope_objective
from serac.errors import SeracError
from serac.records import EditExample
from serac.tasks.registry import TASKS, load_task
from serac.training import train
from serac.wrapping.bundle import COUNTERFACTUAL, SCOPE, untrained_parts, write_bundle

FEWEST_GROUPS = 4
QUICK = TrainSettings(
    steps=200, batch_size=8, learning_rate=2e-5, validate_every=25, validation_examples=100, patience=100
)


@dataclass(frozen=True)
class ValidationReport:
    """On examples held out: ``accuracy`` from 0 to 1, a classifier's at the ``threshold`` where it is highest."""

    accuracy: float
    threshold: float | None
    train_examples: int
    validation_examples: int
    steps: int


def train_scope(
    examples: Iterable[EditExample],
    folder: Path | str,
    *,
    settings: TrainSettings = QUICK,
    checkpoint: Path | str | None = None,
    seed: int = 0,
) -> tuple[ScopeClassifier, ValidationReport]:
    """Train a scope classifier, from MiniLM or a ``checkpoint``, on edits with inputs inside and outside their scope.

    It shows its progress. After an interruption, the same call goes on from its last checkpoint in ``folder``, where
    the training log lies too. One of every five groups is held out. Raises ``SeracError`` for too few examples.
    """
    kept, held_out = _split(examples)
    settings = _fitting(settings, kept)
    untrained = untrained_parts().classifier if checkpoint is None else None
    scope = ScopeSettings(kind="embed", checkpoint=str(checkpoint or "MiniLM"), pooling="mean", distance="cosine",
                          scale=4.0, max_length=128, train=settings)  # fmt: skip
    if untrained is not None:
        with tempfile.TemporaryDirectory() as copy:
            untrained.save_pretrained(copy)
            classifier = untrained_classifier(copy, scope, seed=seed)
    else:
        classifier = untrained_classifier(str(checkpoint), scope, seed=seed)
    history = train(scope_objective(classifier, kept, held_out, scope), settings, Path(folder) / "run/scope", seed=seed)
    classifier.save_pretrained(Path(folder) / SCOPE)
    accuracy, threshold = _best_threshold(classifier, held_out)
    steps = int(history[-1].get("step", settings.steps)) if history else 0
    return classifier, ValidationReport(accuracy, threshold, len(kept), len(held_out), steps)


def train_counterfactual(
    examples: Iterable[EditExample],
    checkpoint: Path | str,
    folder: Path | str,
    *,
    settings: TrainSettings = QUICK,
    seed: int = 0,
) -> tuple[CounterfactualModel, ValidationReport]:
    """Train the model in the folder ``checkpoint`` to answer inputs behind their edit; see :func:`train_scope`."""
    kept, held_out = _split(examples)
    settings = _fitting(settings, kept)
    task = "seq2seq" if AutoConfig.from_pretrained(checkpoint).is_encoder_decoder else "causal"
    model = TASKS[task].load_model(str(checkpoint))
    counterfactual = CounterfactualModel(model, load_task(task, AutoTokenizer.from_pretrained(checkpoint), 256))
    wanted = CounterfactualSettings(checkpoint=str(checkpoint), train=settings)
    objective = counterfactual_objective(counterfactual, kept, held_out, wanted)
    history = train(objective, settings, Path(folder) / "run/counterfactual", seed=seed)
    counterfactual.save_pretrained(Path(folder) / COUNTERFACTUAL)
    accuracy = objective.validate()["accuracy"]
    steps = int(history[-1].get("step", settings.steps)) if history else 0
    return counterfactual, ValidationReport(accuracy, None, len(kept), len(held_out), steps)


def train_bundle(
    examples: Sequence[EditExample],
    folder: Path | str,
    *,
    data: str,
    counterfactual: Path | str | None = None,
    settings: TrainSettings = QUICK,
) -> dict[str, ValidationReport]:
    """Train the parts into a bundle in ``folder``, with what they reach on examples held out.

    ``counterfactual`` is the checkpoint that a counterfactual model starts from; without one the base model is
    prompted. The work lies in ``{folder}.training`` until all is done: after an interruption, the same call goes on.
    """
    folder = Path(folder).absolute()
    work = folder.with_name(f"{folder.name}.training")
    reports = {"scope classifier": train_scope(examples, work, settings=settings)[1]}
    if counterfactual is not None:
        reports["counterfactual model"] = train_counterfactual(examples, counterfactual, work, settings=settings)[1]
    write_bundle(
        folder,
        work / SCOPE,
        None if counterfactual is None else work / COUNTERFACTUAL,
        name=folder.name,
        data=data,
        licence="yours, and those of the models it was trained from",
        metrics={f"accuracy of the {name}": report.accuracy for name, report in reports.items()},
        threshold=reports["scope classifier"].threshold,
    )
    shutil.rmtree(work)
    return reports


def _split(examples: Iterable[EditExample]) -> tuple[list[EditExample], list[EditExample]]:
    """Every fifth group, in the order of their names, is held out."""
    known = list(examples)
    groups = sorted({example.group for example in known})
    if len(groups) < FEWEST_GROUPS:
        raise SeracError(f"there are {len(groups)} groups of examples. Hint: give at least {FEWEST_GROUPS}")
    if not all(example.in_scope for example in known):
        raise SeracError("an example has no input in scope. Hint: give each edit at least one paraphrase")
    held_out = set(groups[::5]) | set(groups[:2])
    return [e for e in known if e.group not in held_out], [e for e in known if e.group in held_out]


def _fitting(settings: TrainSettings, examples: Sequence[EditExample]) -> TrainSettings:
    """A batch has at most one example of each group."""
    groups = len({example.group for example in examples})
    return settings.model_copy(update={"batch_size": min(settings.batch_size, groups)})


@torch.no_grad()
def _best_threshold(classifier: ScopeClassifier, examples: Sequence[EditExample]) -> tuple[float, float]:
    """Balanced accuracy and the threshold where it is the highest, halfway between two probabilities."""
    inside: list[Pair] = [(e.edit, query.input) for e in examples for query in e.in_scope]
    outside: list[Pair] = [(e.edit, query.input) for e in examples for query in e.out_of_scope]
    beta_in = classifier.score_pairs(inside).exp().cpu()
    beta_out = classifier.score_pairs(outside).exp().cpu() if outside else torch.zeros(1)
    values = torch.cat([beta_in, beta_out, torch.tensor([0.0, 1.0])]).sort().values
    middles = (values[1:] + values[:-1]) / 2
    accuracy = [((beta_in > t).float().mean() + (beta_out <= t).float().mean()).item() / 2 for t in middles]
    best = max(range(len(accuracy)), key=lambda place: (accuracy[place], -abs(float(middles[place]) - 0.5)))
    return accuracy[best], float(middles[best])

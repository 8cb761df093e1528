"""What the sections of a configuration must agree on, beyond the names that refer from one to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from serac.config.check import Mistake, Path, mistakes_of, suggest
from serac.config.editors import SeracSettings
from serac.models.families.family import POSITIONS
from serac.models.families.registry import FAMILIES
from serac.problems.registry import PROBLEMS
from serac.problems.splits import SPLITS
from serac.settings.problems import ProblemSettings
from serac.sources.raw_files import RAW_FILES

if TYPE_CHECKING:
    from serac.settings.composed import Settings


def mistakes(settings: Settings) -> Iterator[Mistake]:
    """Everything that would stop one of the run's jobs, found before the first of them."""
    for name, checkpoint in settings.checkpoints.items():
        yield from _architecture(checkpoint, ("checkpoints", name))
    for editor in settings.tuning.candidates:
        yield from _candidates(settings, editor)
    for number, name in enumerate(settings.run.problems):
        if name not in settings.problems.configured():
            yield Mistake(
                ("run", "problems", number),
                f"problems.{name} is null. Hint: configure it, or remove it from run.problems",
            )
            continue
        problem = settings.problems[name]
        yield from _base(settings, name, problem)
        yield from _raw_files(settings, name)
        yield from _models(settings, name, problem)
        yield from _numbers(settings, name, problem)
        for index, editor in enumerate(problem.editors):
            yield from _editor(settings, name, editor, ("problems", name, "editors", index))
    for item, name, editor in settings.paper.uses():
        if name in settings.run.problems and name in settings.problems.configured():
            yield from _editor(settings, name, editor, ("paper", item))


def _architecture(checkpoint: Any, place: Path) -> Iterator[Mistake]:
    size = checkpoint.architecture
    if size is None:
        return
    place = (*place, "architecture")
    if size.family not in FAMILIES:
        yield Mistake((*place, "family"), f"unknown model family. {suggest(size.family, FAMILIES)}")
        return
    if (size.attention or size.width) % size.heads:
        yield Mistake((*place, "heads"), "the width is not a multiple of it. Hint: change one of them")
    if checkpoint.source != "generate":
        return
    if checkpoint.pretrain and FAMILIES[size.family].stacks == 1:
        hint = "Hint: only encoder-decoders can; set it to null"
        yield Mistake((*place[:-1], "pretrain"), f"a {size.family} model cannot be pre-trained on copying. {hint}")
    if checkpoint.layers:
        yield Mistake(
            (*place[:-1], "layers"), "the layers of a generated model are not cut. Hint: set architecture.layers"
        )


def _candidates(settings: Settings, editor: str) -> Iterator[Mistake]:
    """Mistakes in what is tried for an editor: keys and values of its own settings."""
    section = settings.editors[editor]
    for number, choice in enumerate(settings.tuning.candidates[editor]):
        place: Path = ("tuning", "candidates", editor, number)
        for key, value in choice.items():
            tuned = next((part for part in section.tuned_sections() if key in type(part).model_fields), None)
            if tuned is None or key == "method":
                known = {name for part in section.tuned_sections() for name in type(part).model_fields} - {"method"}
                yield Mistake((*place, key), f"the editor '{editor}' has no such setting. {suggest(key, known)}")
                continue
            try:
                type(tuned).model_validate({**tuned.model_dump(), key: value})
            except ValidationError as error:
                for mistake in mistakes_of(type(tuned), {key: value}, error):
                    yield Mistake((*place, *mistake.path), mistake.text)


def _base(settings: Settings, name: str, problem: ProblemSettings[Any]) -> Iterator[Mistake]:
    place = ("problems", name)
    if (problem.base is None) == (problem.base_from is None):
        yield Mistake(place, "needs either 'base' or 'base_from'. Hint: set one of them, and the other to null")
    elif problem.base_from:
        other = settings.problems.configured().get(problem.base_from)
        if other is None or other.base is None:
            yield Mistake((*place, "base_from"), "this problem has no base model of its own. Hint: name one that has")
        elif other.task != problem.task:
            hint = f"Hint: that model's task is '{other.task}'"
            yield Mistake(
                (*place, "task"), f"differs from the task of '{problem.base_from}', whose base model it edits. {hint}"
            )
    tasks = PROBLEMS[name].tasks
    if problem.task not in tasks:
        yield Mistake((*place, "task"), f"'{name}' has no such task. {suggest(problem.task, tasks)}")


def _raw_files(settings: Settings, name: str) -> Iterator[Mistake]:
    for file in settings.raw_files(name):
        source, _, path = file.partition("/")
        if source not in settings.sources:
            yield Mistake(("problems", name), f"it reads {file}, but there is no sources.{source}. Hint: add one")
        elif settings.sources[source].origin == "generate" and path not in RAW_FILES.get(source, ()):
            hint = f"Hint: change problems.{name}.data, or take the source from elsewhere"
            yield Mistake(("sources", source, "origin"), f"{path}, which '{name}' reads, is not generated. {hint}")


def _models(settings: Settings, name: str, problem: ProblemSettings[Any]) -> Iterator[Mistake]:
    """Checkpoints whose family, where it is stated, cannot do what the problem needs."""
    place: Path = ("problems", name)
    answering: list[tuple[Path, Any, str]] = [
        ((*place, "counterfactual", "checkpoint"), problem.counterfactual, problem.task)
    ]
    answering += [((*place, "base", "checkpoint"), problem.base, problem.task)] if problem.base else []
    others = settings.paper.base_models
    for key, other in others.models.items() if name in others.problems else ():
        answering.append((("paper", "base_models", "models", key, "checkpoint"), other, other.task or problem.task))
    for where, section, task in answering:
        yield from _family(settings, where, section.checkpoint, task)
    edited = settings.problems.configured().get(problem.base_from or name)
    base, start = edited.base if edited else None, problem.counterfactual
    if start.from_base and base and start.checkpoint != base.checkpoint:
        hint = f"Hint: name the checkpoint of the base model, '{base.checkpoint}'"
        yield Mistake((*place, "counterfactual", "checkpoint"), f"differs from what from_base starts with. {hint}")
    reading = {(*place, "scope", key, "checkpoint"): scope.checkpoint for key, scope in problem.scope.items()}
    for where, checkpoint in [*reading.items(), *([((*place, "encoder"), problem.encoder)] if problem.encoder else [])]:
        yield from _family(settings, where, checkpoint, "binary")
    parts: list[tuple[Path, Any]] = [((*place, "scope", key), scope) for key, scope in problem.scope.items()]
    for where, part in [*parts, ((*place, "counterfactual"), problem.counterfactual)]:
        yield from _positions(settings, part.checkpoint, part.max_length, (*where, "max_length"))
        yield from _frozen(settings, part, where)
    if problem.base:
        yield from _positions(settings, problem.base.checkpoint, problem.max_length, (*place, "max_length"))


def _family(settings: Settings, place: Path, checkpoint: str, task: str) -> Iterator[Mistake]:
    size = settings.checkpoints[checkpoint].architecture
    if size and size.family in FAMILIES and task not in FAMILIES[size.family].tasks:
        able = [name for name, family in FAMILIES.items() if task in family.tasks]
        what = "encode texts" if task == "binary" else f"perform the task '{task}'"
        yield Mistake(place, f"a {size.family} model cannot {what}. Hint: choose one of the family {' or '.join(able)}")


def _positions(settings: Settings, checkpoint: str, length: int, place: Path) -> Iterator[Mistake]:
    section = settings.checkpoints[checkpoint]
    size = section.architecture
    known = section.source == "generate" and size is not None and size.family in FAMILIES
    if known and size and FAMILIES[size.family].positions and length > POSITIONS:
        yield Mistake(
            place, f"the generated checkpoint '{checkpoint}' reads at most {POSITIONS} tokens. Hint: lower it"
        )


def _frozen(settings: Settings, part: Any, place: Path) -> Iterator[Mistake]:
    checkpoint = settings.checkpoints[part.checkpoint]
    layers = checkpoint.layers or (checkpoint.architecture.layers if checkpoint.architecture else None)
    if part.train and layers and (part.frozen_layers or 0) >= layers:
        what = f"'{part.checkpoint}' has {layers} layers, so none would be trained"
        yield Mistake((*place, "frozen_layers"), f"{what}. Hint: freeze fewer, or set train to null")


def _numbers(settings: Settings, name: str, problem: ProblemSettings[Any]) -> Iterator[Mistake]:
    """Batches that need more edits of distinct groups than a split may hold."""
    limits, place = problem.data.limits, ("problems", name)
    for where, k, splits in _edited_at_once(settings, name):
        for split in splits:
            if k > limits.get(split, k):
                yield Mistake(where, f"{k} edits are more than problems.{name}.data.limits.{split}. Hint: lower it")
    trainings: dict[Path, Any] = {("scope", key): scope.train for key, scope in problem.scope.items()}
    trainings[("counterfactual",)] = problem.counterfactual.train
    for part, train in trainings.items():
        if train and train.batch_size > limits.get("train", train.batch_size):
            limit = f"problems.{name}.data.limits.train"
            yield Mistake((*place, *part, "train", "batch_size"), f"it is more than {limit}. Hint: lower it")
    near = getattr(problem.data, "hard_negatives", None)
    if near and problem.encoder and near.num_exclude >= min(limits.values(), default=near.num_exclude + 1):
        hint = "Hint: lower it, or raise the limits"
        yield Mistake((*place, "data", "hard_negatives", "num_exclude"), f"no neighbours are left in a split. {hint}")
    if fault := PROBLEMS[name].fault(problem.data, problem.encoder is not None):
        yield Mistake(place, fault)


def _edited_at_once(settings: Settings, name: str) -> Iterator[tuple[Path, int, Sequence[str]]]:
    """Keys, the numbers of edits that they ask for, and the splits that need as many."""
    paper = settings.paper
    yield ("paper", "k_by_problem", name) if name in paper.k_by_problem else ("paper", "k"), paper.k_on(name), SPLITS
    for item, problem, key, k in paper.largest_batches():
        if problem == name:
            yield ("paper", item, key), k, ("test",)


def _editor(settings: Settings, name: str, editor: str, place: Path) -> Iterator[Mistake]:
    """Mistakes of an editor that is evaluated on a problem, named at ``place``."""
    problem, section = settings.problems[name], settings.editors[editor]
    classifier = getattr(section, "classifier", None)
    if classifier and classifier not in problem.scope:
        hint = suggest(classifier, problem.scope)
        yield Mistake(("editors", editor, "classifier"), f"unknown name: no key of problems.{name}.scope. {hint}")
    elif classifier and isinstance(section, SeracSettings):
        kind, found = section.method.removeprefix("serac_"), problem.scope[classifier].kind
        able = [key for key, scope in problem.scope.items() if scope.kind == kind]
        if kind != found:
            what = f"problems.{name}.scope.{classifier} is of the kind '{found}', not '{kind}'"
            yield Mistake(
                ("editors", editor, "classifier"), f"{what}. Hint: choose {' or '.join(able) or 'another method'}"
            )
    if section.answers_only and problem.task == "dialogue":
        yield Mistake(place, f"'{editor}' needs edits whose label is an answer. Hint: remove it from the list")
    if section.trained and editor not in problem.training:
        yield Mistake(
            place, f"'{editor}' has no key in problems.{name}.training. Hint: add its training settings there"
        )
    if editor not in settings.tuning.candidates:
        yield Mistake(place, f"'{editor}' has no key in tuning.candidates. Hint: list the candidates to try")

"""What the sections of a configuration must agree on, beyond the names that refer from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from serac.config.check import Mistake, suggest
from serac.settings.problems import ProblemSettings

if TYPE_CHECKING:
    from serac.settings.composed import Settings


def mistakes(settings: Settings) -> Iterator[Mistake]:
    """Everything that would stop one of the run's jobs, found before the first of them."""
    for number, name in enumerate(settings.run.problems):
        if name not in settings.problems.configured():
            yield Mistake(("run", "problems", number), f"problems.{name} is null. Hint: describe it or do not run it")
            continue
        problem = settings.problems[name]
        yield from _base(settings, name, problem)
        yield from _sources(settings, name)
        for index, editor in enumerate(problem.editors):
            yield from _editor(settings, name, editor, ("problems", name, "editors", index))
    for item, name, editor in settings.paper.uses():
        if name in settings.run.problems:
            yield from _editor(settings, name, editor, ("paper", item))


def _base(settings: Settings, name: str, problem: ProblemSettings[Any]) -> Iterator[Mistake]:
    place = ("problems", name)
    if (problem.base is None) == (problem.base_from is None):
        yield Mistake(place, "needs either 'base' or 'base_from'. Hint: give one of them, and null for the other")
    elif problem.base_from:
        other = settings.problems.configured().get(problem.base_from)
        if other is None or other.base is None:
            yield Mistake((*place, "base_from"), "this problem has no base model of its own. Hint: name one that has")


def _sources(settings: Settings, name: str) -> Iterator[Mistake]:
    for file in settings.raw_files(name):
        source = file.partition("/")[0]
        if source not in settings.sources:
            yield Mistake(("problems", name), f"it reads {file}, but there is no sources.{source}. Hint: add one")


def _editor(settings: Settings, name: str, editor: str, place: tuple[str | int, ...]) -> Iterator[Mistake]:
    """Mistakes of an editor that is evaluated on a problem, named at ``place``."""
    problem, section = settings.problems[name], settings.editors[editor]
    classifier = getattr(section, "classifier", None)
    if classifier and classifier not in problem.scope:
        hint = suggest(classifier, problem.scope)
        yield Mistake(("editors", editor, "classifier"), f"unknown name: no key of problems.{name}.scope. {hint}")
    if section.trained and editor not in problem.training:
        yield Mistake(place, f"'{editor}' has no key in problems.{name}.training. Hint: say there how it is trained")
    if editor not in settings.tuning.candidates:
        yield Mistake(place, f"'{editor}' has no key in tuning.candidates. Hint: list what to try for it")

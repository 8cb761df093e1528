"""The whole configuration: its sections, composed from what each room declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, create_model, model_validator

from serac.config.check import suggest, validate_section
from serac.config.editors import EditorSettings
from serac.config.evaluation import (
    BootstrapSettings,
    EvaluationSettings,
    TuningSettings,
)
from serac.config.files import merge, read_yaml
from serac.config.models import CheckpointSettings
from serac.config.paper import PaperSettings
from serac.config.run import RunSettings, SeedSettings
from serac.config.section import Section
from serac.config.sources import ReleaseSettings, SourceSettings, WorldSettings
from serac.problems.registry import PROBLEMS
from serac.settings.problems import ProblemSettings, ProblemsSettings, problems_section


class Settings(Section):
    """One scenario of the workflow."""

    run: RunSettings = Field(description="name, device and job needs")
    world: WorldSettings = Field(description="where raw data comes from")
    seeds: SeedSettings = Field(description="training and evaluation seeds")
    releases: dict[str, ReleaseSettings] = Field({}, description="published data sets by name")
    sources: dict[str, SourceSettings] = Field(description="raw sources by name")
    checkpoints: dict[str, CheckpointSettings] = Field(description="pre-trained models by name")
    problems: ProblemsSettings = Field(description="problems by name")
    editors: dict[str, EditorSettings] = Field(description="editors by name")
    evaluation: EvaluationSettings = Field(description="batches of edits on the test split")
    tuning: TuningSettings = Field(description="choice of hyperparameters on the validation split")
    bootstrap: BootstrapSettings = Field(BootstrapSettings(), description="confidence intervals")
    paper: PaperSettings = Field(description="tables and figures")

    @model_validator(mode="after")
    def _references(self) -> Self:
        for name in self.run.problems:
            _known("run.problems", name, self.problems.configured())
        for name, source in self.sources.items():
            if source.release and source.origin == "retrieve":
                _known(f"sources.{name}.release", source.release, self.releases)
        for name, checkpoint in self.checkpoints.items():
            for corpus in checkpoint.corpora if checkpoint.source == "generate" else ():
                _known(f"checkpoints.{name}.corpora", corpus, self.sources)
        for name in self.tuning.candidates:
            _known("tuning.candidates", name, self.editors)
        for name in self.run.problems:
            self._check_problem(name, self.problems[name])
        for where, problems, editors in self.paper.references():
            for problem in problems:
                _known(f"paper.{where}", problem, problems_section().model_fields)
            for editor in editors:
                _known(f"paper.{where}", editor, self.editors)
                for problem in set(problems) & set(self.run.problems):
                    self._check_editor(f"problems.{problem}", self.problems[problem], editor)
        return self

    def _check_problem(self, name: str, problem: ProblemSettings[Any]) -> None:
        where = f"problems.{name}"
        if (problem.base is None) == (problem.base_from is None):
            raise ValueError(f"{where} needs either 'base' or 'base_from'")
        if problem.base_from:
            _known(f"{where}.base_from", problem.base_from, self.problems.configured())
        for file in self.raw_files(name):
            _known(f"{where} (a source that it reads)", file.partition("/")[0], self.sources)
        checkpoints = [scope.checkpoint for scope in problem.scope.values()]
        checkpoints += [problem.counterfactual.checkpoint]
        checkpoints += [problem.base.checkpoint] if problem.base else []
        checkpoints += [problem.encoder] if problem.encoder else []
        for checkpoint in checkpoints:
            _known(f"{where} (a checkpoint)", checkpoint, self.checkpoints)
        for editor in problem.editors:
            _known(f"{where}.editors", editor, self.editors)
            self._check_editor(where, problem, editor)

    def _check_editor(self, where: str, problem: ProblemSettings[Any], editor: str) -> None:
        settings = self.editors[editor]
        if classifier := getattr(settings, "classifier", None):
            _known(f"editors.{editor}.classifier", classifier, problem.scope)
        if settings.trained:
            _known(f"{where}.training (editor '{editor}')", editor, problem.training)
        _known(f"tuning.candidates (editor '{editor}')", editor, self.tuning.candidates)

    def base_of(self, problem: str) -> str:
        """Problem whose rule trains the base model that ``problem`` edits."""
        return self.problems[problem].base_from or problem

    def raw_files(self, problem: str) -> list[str]:
        """What the preparation of ``problem`` reads, below the folder of raw sources."""
        return PROBLEMS[problem].raw_files(self.problems[problem].data)


@cache
def settings_section() -> type[Settings]:
    """:class:`Settings` with the fields of every registered problem."""
    problems = (problems_section(), Field(description="problems by name"))
    return create_model("Settings", __base__=Settings, __doc__=Settings.__doc__, problems=problems)


def load(*paths: Path | str) -> Settings:
    """Settings of the first file with the others merged on top, as ``snakemake --configfile`` does."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, read_yaml(path))
    return validate(merged)


def validate(raw: Mapping[str, Any]) -> Settings:
    """Typed settings of a merged configuration; raises ``ConfigError`` listing every mistake."""
    return validate_section(settings_section(), raw)


def _known(where: str, name: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise ValueError(f"unknown name '{name}' in {where}. {suggest(name, known)}")

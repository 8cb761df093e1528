"""The whole configuration: its sections, composed from what each package declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import Field, create_model

from serac.config.check import refuse, validate_section
from serac.config.editors import EditorSettings
from serac.config.evaluation import (
    BootstrapSettings,
    EvaluationSettings,
    TuningSettings,
)
from serac.config.files import merge, read_yaml
from serac.config.models import CheckpointSettings
from serac.config.run import RunSettings, SeedSettings
from serac.config.section import Section
from serac.config.sources import ReleaseSettings, SourceSettings, WorldSettings
from serac.editors.registry import EDITORS
from serac.problems.registry import PROBLEMS
from serac.settings.consistency import mistakes
from serac.settings.paper import PaperSettings, paper_section
from serac.settings.problems import ProblemsSettings, problems_section


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

    def base_of(self, problem: str) -> str:
        """Problem whose rule trains the base model that ``problem`` edits."""
        return self.problems[problem].base_from or problem

    def raw_files(self, problem: str) -> list[str]:
        """What the preparation of ``problem`` reads, below the folder of raw sources."""
        return PROBLEMS[problem].raw_files(self.problems[problem].data)


@cache
def settings_section() -> type[Settings]:
    """:class:`Settings` with the fields of every registered problem, editor and item."""
    added = tuple(EDITORS[name].section for name in EDITORS.added())  # the built-in ones are not imported for this
    editor: Any = Annotated[Union[EditorSettings, *added], Field(discriminator="method")] if added else EditorSettings
    sections: dict[str, Any] = {
        "editors": (dict[str, editor], Field(description="editors by name")),
        "problems": (problems_section(), Field(description="problems by name")),
        "paper": (paper_section(), Field(description="tables and figures")),
    }
    return create_model("Settings", __base__=Settings, __doc__=Settings.__doc__, **sections)


def load(*paths: Path | str) -> Settings:
    """Settings of the first file with the others merged on top, as ``snakemake --configfile`` does."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, read_yaml(path))
    return validate(merged, paths)


def validate(raw: Mapping[str, Any], paths: Sequence[Path | str] = ()) -> Settings:
    """Typed settings of a merged configuration; raises ``ConfigError`` with a line for every mistake.

    ``paths`` are the files that were merged, in this order, so that messages can name them.
    """
    files = [(_shown(path), read_yaml(path)) for path in paths]
    settings = validate_section(settings_section(), raw, files, whole=raw)
    refuse(mistakes(settings), raw, files)
    return settings


def _shown(path: Path | str) -> str:
    """The path as a reader knows it: relative to the working directory if it lies below it."""
    path, here = Path(path), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)

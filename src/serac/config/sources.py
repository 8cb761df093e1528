"""Settings of raw data: the world it comes from and, per source, where to get it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from serac.config.section import Section
from serac.config.world import WorldSize

Source = Literal["zsre", "vitaminc", "fever", "nq", "convsent", "dialogue"]


class WorldSettings(Section):
    """Where raw data lies: `resources/{name}/raw`."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$", description="folder under `resources/`")
    seed: int = Field(0, description="seed of the generated world and of generated checkpoints")
    size: WorldSize = Field(WorldSize(), description="how much is generated")


class SourceSettings(Section):
    """One source of raw files in its native format."""

    origin: Literal["generate", "local", "retrieve"] = Field(description="generated, a local folder, or the internet")
    path: str | None = Field(None, description="`local`: folder that holds the source's files")

    url: str | None = Field(None, description="`retrieve`: address of its files, with `{file}` for the file's name")

    @model_validator(mode="after")
    def _complete(self) -> SourceSettings:
        needed = {"local": "path", "retrieve": "url"}.get(self.origin)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"a source with origin '{self.origin}' needs '{needed}'")
        return self

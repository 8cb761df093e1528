"""Settings of raw data: the world it comes from and, per source, where to get it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from serac.config.names import ReleaseName
from serac.config.section import Section
from serac.config.world import WorldSize


class WorldSettings(Section):
    """Where raw data lies: `resources/{name}/raw`."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$", description="folder under `resources/`")
    seed: int = Field(0, description="seed of the generated world and of generated checkpoints")
    size: WorldSize = Field(WorldSize(), description="how much is generated")
    lock: str = Field(
        "config/lock.json", description="file that pins what was retrieved; later retrievals are checked against it"
    )


class ReleaseSettings(Section):
    """One published data set."""

    title: str = Field(description="its name")
    version: str = Field(description="the version that is meant")
    licence: str = Field(description="its terms, as its authors state them")
    megabytes: float = Field(gt=0, description="size of the download, about; asked for before it starts")
    kind: Literal["archive", "files", "dataset", "manual"] = Field(
        description="one zip or tar file, single files, a data set of the Hugging Face hub, or a download by hand"
    )
    address: str = Field(description="URL (of a folder, for `files`), Google Drive link, or id of the hub's data set")
    revision: str | None = Field(None, description="`dataset`: pinned commit; without it the lock pins the first one")
    upstream: str | None = Field(
        None, description="path of a file in it; null: as the source says. Lets a source change release by one key"
    )

    @property
    def pin(self) -> str:
        """What pins it, for the table of sources."""
        return f"revision `{self.revision}`" if self.revision else "the lock file"


class SourceSettings(Section):
    """One source of raw files in its native format."""

    origin: Literal["generate", "local", "retrieve", "included"] = Field(
        description="generated, a local folder, the internet, or included in this package (`facts`)"
    )
    path: str | None = Field(None, description="`local`: folder that holds the source's files")
    release: ReleaseName | None = Field(None, description="`retrieve`: key of `releases`")
    upstream: str = Field("{file}", description="`retrieve`: path of a file in the release")
    names: dict[str, str] = Field({}, description="`retrieve`: files that the release calls differently")
    rebuilt: bool = Field(
        False,
        description="`zsre`: True/False statements and implications are rebuilt from the questions by rules, not read",
    )

    @model_validator(mode="after")
    def _complete(self) -> SourceSettings:
        needed = {"local": "path", "retrieve": "release"}.get(self.origin)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"a source with origin '{self.origin}' needs '{needed}'")
        if self.rebuilt and self.origin == "generate":
            raise ValueError("a generated source holds all of its files: 'rebuilt' is for files from elsewhere")
        try:
            self.upstream_path("x")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("upstream has a field other than {file}. Hint: write '{file}' once") from error
        return self

    def upstream_path(self, file: str, release: ReleaseSettings | None = None) -> str:
        """Where ``release`` holds ``file``."""
        pattern = (release and release.upstream) or self.upstream
        return pattern.format(file=self.names.get(file, file))

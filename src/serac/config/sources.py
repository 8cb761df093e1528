"""Settings of the raw data: the world it comes from and, per source, where to get it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from serac.config.names import CheckpointName, ReleaseName
from serac.config.section import COMMIT, Section
from serac.config.world import WorldSize


class WorldSettings(Section):
    """Where raw data is stored: `resources/{name}/raw`."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$", description="folder under `resources/`")
    seed: int = Field(0, description="seed of the generated world and of generated checkpoints")
    size: WorldSize = Field(WorldSize(), description="how much is generated")
    lock: str = Field(
        "config/lock.json", description="lock file of retrieved data; later retrievals are checked against it"
    )


class ReleaseSettings(Section):
    """One published data set."""

    title: str = Field(description="name of the data set")
    version: str = Field(description="version to retrieve")
    licence: str = Field(description="licence, as stated by the authors")
    megabytes: float = Field(
        gt=0, description="approximate size of the download; this much disk space must be free before it starts"
    )
    kind: Literal["archive", "files", "dataset", "manual"] = Field(
        description="one zip or tar file, single files, a data set on the Hugging Face hub, or a manual download"
    )
    address: str = Field(description="URL (of a folder, for `files`), Google Drive link, or id of the hub's data set")
    revision: str | None = Field(
        None,
        pattern=COMMIT,
        description="`dataset`: pinned commit (all 40 digits); without it, the lock pins the first one",
    )
    upstream: str | None = Field(None, description="path of a file in the release; null: the source's `upstream`")

    @property
    def pin(self) -> str:
        """What pins the release, for the table of sources."""
        return f"revision `{self.revision}`" if self.revision else "the lock file"


Sentiment = Literal["positive", "negative"]
SENTIMENTS: tuple[Sentiment, ...] = ("positive", "negative")


class SamplingSettings(Section):
    """ConvSent sampled from a dialogue model (paper section 3)."""

    generator: CheckpointName = Field(description="dialogue model that generates completions (paper: BlenderBot-3B)")
    classifier: CheckpointName = Field(description="sentiment classifier that judges them, with a label `positive`")
    topics: dict[Literal["train", "val", "test"], PositiveInt] = Field(
        {"train": 14390, "val": 800, "test": 799}, description="topics of each file (as in the released ones)"
    )
    phrases: str | None = Field(
        None, description="text file with topics besides the subjects of zsRE, one per line (paper: 989 noun phrases)"
    )
    completions: PositiveInt = Field(10, description="completions kept for each topic and sentiment (recalled: 10)")
    tries: PositiveInt = Field(60, description="maximum completions sampled per topic and sentiment (ours)")
    requests: dict[Sentiment, str] = Field(
        {name: f"Tell me a {name} opinion." for name in SENTIMENTS},
        description="text appended to the question to get each sentiment; may be empty (ours)",
    )
    confidence: float = Field(0.9, ge=0.5, lt=1, description="probability at which a completion is accepted (ours)")
    temperature: float = Field(1.0, gt=0, description="sampling temperature (ours)")
    top_p: float = Field(0.9, gt=0, le=1, description="probability mass of the tokens to sample from (ours)")
    longest: PositiveInt = Field(60, description="maximum number of tokens of a completion (ours)")
    topics_per_job: PositiveInt = Field(500, description="topics per job; an interrupted job resumes")
    seed: int = Field(0, description="seed of the choice of topics and of sampling")

    @model_validator(mode="after")
    def _complete(self) -> SamplingSettings:
        for name, keys in (("topics", ("train", "val", "test")), ("requests", SENTIMENTS)):
            if missing := [key for key in keys if key not in getattr(self, name)]:
                raise ValueError(f"'{name}' lacks {', '.join(missing)}")
        return self


class SourceSettings(Section):
    """One source of raw files in its native format."""

    origin: Literal["generate", "local", "retrieve", "included", "sample"] = Field(
        description="generated, a local folder, the internet, included in this package (`facts`), or sampled from a "
        "dialogue model (`convsent`)"
    )
    path: str | None = Field(None, description="`local`: folder that holds the source's files")
    release: ReleaseName | None = Field(None, description="`retrieve`: key of `releases`")
    upstream: str = Field("{file}", description="`retrieve`: path of a file in the release")
    names: dict[str, str] = Field({}, description="`retrieve`: the release's names of files, where different")
    rebuilt: bool = Field(
        False,
        description="`zsre`: rebuild statements and implications from the questions by rules instead of reading them",
    )

    sampling: SamplingSettings | None = Field(
        None, description="`sample`: the models that generate and judge completions, and their settings"
    )

    @model_validator(mode="after")
    def _complete(self) -> SourceSettings:
        needed = {"local": "path", "retrieve": "release", "sample": "sampling"}.get(self.origin)
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

"""Settings of pre-trained checkpoints: where a Hugging Face folder comes from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from serac.config.names import CheckpointName, SourceName
from serac.config.section import COMMIT, Section
from serac.config.training import TrainSettings


class Architecture(Section):
    """Size of a model: one that is generated, or, to estimate its cost, one that is retrieved."""

    family: str = Field(description="model family, a name of `serac.models.families`")
    width: int = Field(ge=4, description="hidden size")
    layers: int = Field(ge=1, description="transformer layers (of encoder and of decoder)")
    heads: int = Field(ge=1, description="attention heads")
    inner: int = Field(ge=4, description="width of the feed-forward layers")
    attention: int | None = Field(
        None, ge=4, description="width of all attention heads together; null: the hidden size"
    )
    key_value_heads: int | None = Field(
        None,
        ge=1,
        description="number of key and value heads, shared by the attention heads; null: as many as attention heads",
    )
    vocabulary: int = Field(
        4000, ge=300, description="maximum size of the byte-pair vocabulary trained on the raw data"
    )


class CheckpointSettings(Section):
    """One named checkpoint: generated with random weights, or taken from a package, a hub or a local folder."""

    source: Literal["generate", "package", "gguf", "hub", "local"] = Field(
        description="where the checkpoint comes from; `gguf`: a package that assembles one GGUF file"
    )
    architecture: Architecture | None = Field(None, description="`generate`: what to build; `hub`: for estimates")
    corpora: tuple[SourceName, ...] = Field(
        ("zsre",), description="`generate`: raw sources whose texts train the tokenizer"
    )
    pretrain: TrainSettings | None = Field(None, description="`generate`: generic pre-training on copying (ours)")
    package: str | None = Field(
        None, description="`package`, `gguf`: name of the installed package that carries the model"
    )
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="checksum of `model.safetensors` (`gguf`: of the GGUF file), verified before use",
    )
    chat_template: str | None = Field(
        None, description="Jinja template of the questions (task chat); null: the tokenizer's own, if it has one"
    )
    layers: int | None = Field(None, ge=1, description="keep only the first layers of an encoder")
    repo: str | None = Field(None, description="`hub`: repository id")
    revision: str | None = Field(
        None,
        pattern=COMMIT,
        description="`hub`: pinned commit (all 40 digits); without it, the lock pins the first one",
    )
    licence: str | None = Field(None, description="licence, as stated by the authors")
    path: str | None = Field(None, description="`local`: a Hugging Face folder")

    @model_validator(mode="after")
    def _complete(self) -> CheckpointSettings:
        needed = {"generate": "architecture", "hub": "repo", "local": "path"}.get(self.source, "package")
        if getattr(self, needed) is None:
            raise ValueError(f"a checkpoint with source '{self.source}' needs '{needed}'")
        return self


class BaseModelSettings(Section):
    """The model that is edited."""

    checkpoint: CheckpointName = Field(description="name of the checkpoint it starts from")
    train: TrainSettings | None = Field(
        None, description="how it learns the base data; null uses the checkpoint as it is"
    )

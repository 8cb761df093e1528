"""Settings of SERAC (and of RP, which shares its retrieval); paper sections 2 and 5."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from serac.config.names import CheckpointName
from serac.config.section import Section
from serac.config.training import TrainSettings

FROZEN = Field(
    None,
    ge=0,
    description="freeze the word embeddings and this many of the lowest layers; null: freeze nothing (ours)",
)


class ScopeSettings(Section):
    """The scope classifier: log g(z_e, x'), log-probability that x' is in the scope of the edit z_e."""

    kind: Literal["embed", "cross"] = Field(
        description="embed: edit and input are encoded separately; cross: one encoder reads both (paper section 2)"
    )
    checkpoint: CheckpointName = Field(
        description="checkpoint of the encoder (paper: distilbert-base-cased, bert-base-cased)"
    )
    layers: int | None = Field(None, ge=1, description="keep only the first layers of the encoder; null: all (ours)")
    frozen_layers: int | None = FROZEN
    max_length: int = Field(
        256, ge=8, description="maximum tokens of an entry, an input or a pair; longer ones are cut (ours)"
    )
    pooling: Literal["cls", "mean", "pooler"] = Field(
        "cls",
        description="embed: the embedding is the first token's state, the mean of all states or the pooler's output",
    )
    distance: Literal["square", "unsquared", "cosine"] = Field(
        "square", description="embed: log g is minus this distance of the embeddings (reference code: square)"
    )
    heads: int = Field(
        1, ge=1, description="embed: number of parts of the embedding; the nearest part counts (reference: 1)"
    )
    tanh: bool = Field(False, description="embed: apply tanh to the embeddings first (reference code: off)")
    scale: float = Field(1.0, gt=0, description="embed: fixed factor of the distance (reference code: 1)")
    hard_negatives: float = Field(
        0.5, ge=0, le=1, description="probability that an out-of-scope training input is a hard one (reference: 0.5)"
    )
    use_all_pairs: bool = Field(
        False, description="use all other edits of a training batch as negatives too (reference code: off)"
    )
    neighbours: float = Field(
        0.0, ge=0, le=1, description="share of a training batch that consists of one edit and its neighbours (ours)"
    )
    hardest: float = Field(
        0.0,
        ge=0,
        description="weight of an additional loss term: the hardest negatives, as many as there are positives (ours)",
    )
    batch_size: int = Field(64, ge=1, description="texts or pairs per forward pass at inference (ours)")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="autocast type at inference (ours)")
    train: TrainSettings | None = Field(None, description="how it is trained; null uses the checkpoint as it is")


class LoraSettings(Section):
    """A low-rank adapter on the base model (Hu et al. 2022; ours)."""

    rank: int = Field(8, ge=1, description="rank of the update of each matrix")
    alpha: float = Field(16, gt=0, description="the update is scaled by alpha / rank")
    layers: int | None = Field(None, ge=1, description="number of last layers that get an adapter; null: all")
    targets: tuple[str, ...] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        description="names of matrices (GPT-2: c_attn, c_proj, c_fc); empty: all linear layers but the last",
    )


class CounterfactualSettings(Section):
    """The counterfactual model h(z_e, x'): reads the edit in front of the input (paper section 2)."""

    checkpoint: CheckpointName = Field(
        description="checkpoint it starts from (paper: t5-small, BERT-base, BlenderBot-small)"
    )
    from_base: bool = Field(
        False, description="start from the problem's trained base model, which must have the same checkpoint (ours)"
    )
    random_labels: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the training edits whose label becomes random tokens, so that it must be copied (ours)",
    )
    lora: LoraSettings | None = Field(
        None,
        description="decoder-only: use the base model's checkpoint and train only an adapter (ours)",
    )
    chat_template: str | None = Field(
        None, description="task chat: Jinja template of its prompts; null: the base model's (ours)"
    )
    frozen_layers: int | None = FROZEN
    max_length: int = Field(
        256, ge=8, description="maximum tokens of edit and input together; longer ones are cut (ours)"
    )
    train: TrainSettings | None = Field(None, description="how it is trained; null uses the checkpoint as it is")


class MemorySettings(Section):
    """The edit memory and how it is searched; the defaults give the paper's exact result."""

    candidates: int | None = Field(
        None,
        ge=1,
        description="cross: entries that the first stage passes to the encoder; null: all (paper, exact)",
    )
    approximate_above: int | None = Field(
        None, ge=1, description="number of entries above which an approximate index (faiss) is used; null: never"
    )
    probes: int = Field(
        32, ge=1, description="approximate index: cells searched per query; more cells find more but take longer"
    )
    chunk_megabytes: float = Field(64, gt=0, description="largest block of distances computed at once, in megabytes")
    precision: Literal["float32", "float16"] = Field(
        "float32", description="number format of the stored vectors; float16 takes half the memory (ours)"
    )


class RoutingSettings(Section):
    """Which model answers an input (paper section 2)."""

    mode: Literal["hard", "soft"] = Field(
        "hard", description="hard: one of the two models; soft: a mixture of their distributions with weight beta"
    )
    threshold: float = Field(0.5, ge=0, le=1, description="hard: the counterfactual model answers if beta exceeds this")

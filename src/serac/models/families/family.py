"""What a family of models is: how to build one, how its tokenizer frames texts, what is edited, how large it is.

Nothing here imports torch, so that configurations are checked quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serac.config.models import Architecture

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

POSITIONS = 192
"""Number of positions of generated models with learned position embeddings."""


@dataclass(frozen=True)
class Family:
    """One architecture. Class names are those of the package ``transformers``."""

    config: str
    """Class of its configuration."""
    model: str
    """Class of the model that is built with random weights."""
    arguments: Callable[[Architecture, PreTrainedTokenizerBase], dict[str, Any]]
    """``arguments(size, tokenizer)`` of the configuration's class: a model without dropout."""
    model_types: tuple[str, ...]
    """Values of ``model_type`` in the configurations of published models."""
    tasks: tuple[str, ...]
    """Tasks that its models can perform as base models, names of :data:`serac.tasks.registry.TASKS`."""
    edited: str
    """Regular expression of the weights of its MLPs, with the groups ``stack`` and ``layer``."""
    edited_layers: int
    """Last layers of each stack whose MLPs FT, ENN and MEND edit by default (paper section 5)."""
    special_tokens: Mapping[str, str]
    """Special tokens of a generated tokenizer, by the argument of ``PreTrainedTokenizerFast``."""
    single: str = "$A </s>"
    """Template that frames a text."""
    pair: str = "$A $B </s>"
    """Template that frames two texts."""
    stacks: int = 1
    """2: an encoder and a decoder."""
    positions: int | None = None
    """Learned position embeddings per stack of published models; None: positions are not learned."""
    gated: bool = False
    """Three matrices per MLP instead of two."""


END_OF_TEXT = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
"""Special tokens of models that generate text."""


def spread(size: Architecture) -> float:
    """Standard deviation of initial weights that preserves the scale of states; the usual 0.02 suits wide models."""
    return float(size.width**-0.5)

"""Parameters of a model and memory of its training, from its architecture."""

from __future__ import annotations

from dataclasses import dataclass

from serac.config.models import Architecture
from serac.models.families.registry import FAMILIES

FLOAT = 4
"""Bytes of a weight."""


@dataclass(frozen=True)
class Size:
    """Parameters by use; ``layers`` counts the layers of both stacks.

    ``reading``: of the stack that reads the input; ``writing``: of the stack that writes the output (0 if there is
    none); ``embedding``: of the vocabulary, which also gives the output's logits.
    """

    reading: int
    writing: int
    embedding: int
    layers: int
    width: int

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.reading + self.writing + self.embedding

    @property
    def bytes(self) -> int:
        """Of the weights in float32."""
        return FLOAT * self.parameters

    def forward(self, read: float, written: float) -> float:
        """FLOPs of a forward pass over ``read`` input and ``written`` output tokens: 2 per parameter and token."""
        return 2 * (self.reading * read + (self.writing + self.embedding) * written)

    def activations(self, tokens: float) -> float:
        """Bytes that a training pass over ``tokens`` keeps: 34 per token, layer and unit of width, in 16 bits.

        Korthikanti et al. 2022, without the attention matrices, which are small for short texts.
        """
        return 34 * tokens * self.layers * self.width


def size_of(architecture: Architecture) -> Size:
    """Count the weights of linear layers, embeddings and positions; without biases and norms (under 1%)."""
    family, width = FAMILIES[architecture.family], architecture.width
    attention = architecture.attention or width
    shared = (architecture.key_value_heads or architecture.heads) / architecture.heads
    block = round(2 * width * attention * (1 + shared))
    mlp, two = (3 if family.gated else 2) * width * architecture.inner, family.stacks == 2
    positions = (family.positions or 0) * width
    return Size(
        reading=architecture.layers * (block + mlp) + positions,
        writing=architecture.layers * (2 * block + mlp) + positions if two else 0,
        embedding=architecture.vocabulary * width,
        layers=architecture.layers * family.stacks,
        width=width,
    )

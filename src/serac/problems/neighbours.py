"""Hard negatives: candidates that lie close to an edit, found by cosine similarity of given embeddings.

The paper's encoder is all-MiniLM-L6-v2; this module sees arrays only (parity: ``hard_negatives``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from serac.config.section import Section
from serac.errors import ConfigError

_SLICE = 256


class HardNegativeSettings(Section):
    """Neighbours of an edit by cosine similarity of sentence embeddings (paper: appendix on data)."""

    num_neighbors: int = Field(100, ge=1, description="number of most similar candidates considered")
    num_exclude: int = Field(
        25, ge=0, description="how many of the most similar of those are skipped as likely paraphrases"
    )
    temperature: float = Field(0.1, gt=0, description="sampling weight is exp(similarity / temperature)")
    probability: float = Field(
        0.5,
        ge=0,
        le=1,
        description="probability that an out-of-scope rephrase, implication or statement is about a neighbour",
    )

    @model_validator(mode="after")
    def _some_remain(self) -> Self:
        if self.num_exclude >= self.num_neighbors:
            raise ValueError(f"num_exclude {self.num_exclude} must be below num_neighbors {self.num_neighbors}")
        return self


def hard_negatives(
    edits: np.ndarray,
    candidates: np.ndarray,
    *,
    num_neighbors: int,
    num_exclude: int,
    temperature: float,
    edit_groups: Sequence[str] | None = None,
    candidate_groups: Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every edit and the probabilities of drawing them.

    ``edits`` float [n, d], ``candidates`` float [m, d], not necessarily normalised. Of the ``num_neighbors`` most
    similar candidates (all m, if fewer) the first ``num_exclude`` are dropped; the weight of each of the others is
    exp(cosine / ``temperature``), normalised. With groups given, a candidate from an edit's own group is excluded
    (the reference skips the edit only by ``num_exclude``).

    Returns indices int64 [n, k] in order of decreasing similarity and probabilities float32 [n, k] that sum to 1 in
    each row, or are all 0 where an edit has no candidate. Raises ``ConfigError`` if ``num_exclude`` leaves nothing.
    """
    width = min(num_neighbors, len(candidates))
    if num_exclude >= width:
        raise ConfigError(
            f"num_exclude {num_exclude} leaves none of the {width} nearest among {len(candidates)} candidates. "
            f"Hint: lower num_exclude or provide more records"
        )
    unit_edits, unit_candidates = _normalise(edits), _normalise(candidates)
    own = _codes(edit_groups, candidate_groups)
    indices, probabilities = [], []
    for start in range(0, len(edits), _SLICE):
        rows = slice(start, start + _SLICE)
        similarity = unit_edits[rows] @ unit_candidates.T
        if own is not None:
            similarity[own[0][rows, None] == own[1][None, :]] = -np.inf
        order = _nearest(similarity, width)[:, num_exclude:]
        indices.append(order)
        probabilities.append(_softmax(np.take_along_axis(similarity, order, axis=1) / temperature))
    empty = np.zeros((0, width - num_exclude))
    return (
        np.concatenate([*indices, empty]).astype(np.int64),
        np.concatenate([*probabilities, empty]).astype(np.float32),
    )


def _normalise(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = vectors / np.maximum(lengths, 1e-8)
    return unit


def _codes(edits: Sequence[str] | None, candidates: Sequence[str] | None) -> tuple[np.ndarray, np.ndarray] | None:
    """The groups as integers, equal where the groups are."""
    if edits is None or candidates is None:
        return None
    numbers = {group: number for number, group in enumerate(dict.fromkeys([*edits, *candidates]))}
    return np.array([numbers[group] for group in edits]), np.array([numbers[group] for group in candidates])


def _nearest(similarity: np.ndarray, width: int) -> np.ndarray:
    """Columns of the ``width`` largest values of each row, largest first; equal values in column order."""
    last = similarity.shape[1] - width
    largest = np.sort(np.argpartition(similarity, last, axis=1)[:, last:], axis=1)
    order = np.argsort(-np.take_along_axis(similarity, largest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(largest, order, axis=1)


def _softmax(scores: np.ndarray) -> np.ndarray:
    top = scores.max(axis=1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    shares: np.ndarray = weights / np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return shares


def near_each_other(
    texts: list[str], rules: HardNegativeSettings, embed: Callable[[list[str]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`hard_negatives` of every text among the others, by sentence embeddings."""
    vectors = embed(texts)
    return hard_negatives(
        vectors,
        vectors,
        num_neighbors=rules.num_neighbors,
        num_exclude=rules.num_exclude,
        temperature=rules.temperature,
        edit_groups=texts,
        candidate_groups=texts,
    )

"""Embed: edit and input are encoded separately; log g decreases with the distance of their embeddings (section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import normalize
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerBase

from serac.config.serac import ScopeSettings
from serac.editors.serac.edit_store import EditStore
from serac.editors.serac.scope import Pair, ScopeClassifier
from serac.errors import ConfigError

SHORTLIST = 8
"""Nearest rows by the expanded square that are scored again by their differences, which round less."""
_SMALLEST_SQUARE = 1e-12


class EmbedClassifier(ScopeClassifier):
    """log g = -scale * distance of the embeddings of entry and input, the smallest over heads."""

    kind = "embed"
    auto_class = AutoModel

    def __init__(self, encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: ScopeSettings) -> None:
        super().__init__(encoder, tokenizer, settings)
        if encoder.config.hidden_size % settings.heads:
            raise ConfigError(f"'heads' is {settings.heads}, but it must divide the width {encoder.config.hidden_size}")

    @property
    def vector_shape(self) -> tuple[int, int]:
        """Number of heads, and width of each."""
        return self.settings.heads, self.encoder.config.hidden_size // self.settings.heads

    def states(self, texts: Sequence[str]) -> Tensor:
        """Embeddings float32 [n, heads * width]; of unit length in each head for cosine distances."""
        batch = self.encode(texts)
        states = _pool(self.encoder(**batch), batch["attention_mask"], self.settings.pooling).float()
        if self.settings.tanh:
            states = states.tanh()
        if self.settings.distance == "cosine":
            states = normalize(states.view(len(states), *self.vector_shape), dim=-1).flatten(1)
        return states

    def pair_log_similarity(self, pairs: Sequence[Pair]) -> Tensor:
        """log g float32 [N]; every distinct text is encoded once."""
        entries, texts = [self.entry(edit) for edit, _ in pairs], [text for _, text in pairs]
        distinct = {text: row for row, text in enumerate(dict.fromkeys(entries + texts))}
        states = self.states(list(distinct))
        return self._from_vectors(states[[distinct[e] for e in entries]], states[[distinct[t] for t in texts]])

    def score_pairs(self, pairs: Sequence[Pair]) -> Tensor:
        """log g float32 [N] from remembered vectors."""
        return self._from_vectors(
            self.vectors([self.entry(edit) for edit, _ in pairs]), self.vectors([text for _, text in pairs])
        )

    def needs_vectors(self, candidates: int | None) -> bool:
        """Always."""
        return True

    def search(self, texts: Sequence[str], store: EditStore, candidates: int | None) -> tuple[Tensor, Tensor]:
        """The ``SHORTLIST`` nearest entries by one matrix product, scored by their differences.

        If more entries than these are at the same distance, it is undefined which are returned.
        """
        squares, ids = store.nearest(self.vectors(texts), SHORTLIST)
        return self.from_squares(squares), ids

    def from_squares(self, squares: Tensor) -> Tensor:
        """Log g from squared distances; the cosine distance of unit vectors is half their squared distance."""
        if self.settings.distance == "unsquared":
            squares = squares.clamp_min(_SMALLEST_SQUARE).sqrt()
        elif self.settings.distance == "cosine":
            squares = squares / 2
        return -self.settings.scale * squares

    def _from_vectors(self, left: Tensor, right: Tensor) -> Tensor:
        heads = (left - right).view(len(left), *self.vector_shape)
        return self.from_squares(heads.square().sum(-1).amin(-1))


def _pool(output: Any, attention_mask: Tensor, pooling: str) -> Tensor:
    states: Tensor = output.pooler_output if pooling == "pooler" else output.last_hidden_state
    if pooling == "pooler":
        return states
    if pooling == "cls":
        return states[:, 0]
    counted = attention_mask.unsqueeze(-1).to(states.dtype)
    return (states * counted).sum(1) / counted.sum(1)

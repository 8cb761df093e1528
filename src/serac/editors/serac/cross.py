"""Cross: one encoder reads edit and input together (section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, normalize
from transformers import AutoModelForSequenceClassification, PreTrainedModel, PreTrainedTokenizerBase

from serac.config.serac import ScopeSettings
from serac.editors.serac.edit_store import EditStore
from serac.editors.serac.model_cache import ModelCache
from serac.editors.serac.scope import Pair, ScopeClassifier, in_length_order

CACHED_PAIRS = 65536
IN_SCOPE = 0
"""The first of the two classes (reference code)."""


class CrossClassifier(ScopeClassifier):
    """log g = the first log-probability of a two-class head over ``entry + SEP + input``.

    All entries are scored, or the ``candidates`` nearest to the input in the cosine of mean encoder states, a first
    stage that costs one encoder pass over the inputs.
    """

    kind = "cross"
    auto_class = AutoModelForSequenceClassification

    def __init__(self, encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: ScopeSettings) -> None:
        super().__init__(encoder, tokenizer, settings)
        self._scores: ModelCache[Pair, float] = ModelCache(encoder, CACHED_PAIRS)

    @classmethod
    def _changes(cls, folder: Path | str, settings: ScopeSettings) -> dict[str, Any]:
        return {**super()._changes(folder, settings), "num_labels": 2}

    def pair_text(self, pair: Pair) -> str:
        """``entry + SEP + input``, read as one sequence."""
        edit, text = pair
        return f"{self.entry(edit)}{self.separator}{text}"

    def pair_log_similarity(self, pairs: Sequence[Pair]) -> Tensor:
        """log g float32 [N]."""
        return self._log_similarity_of([self.pair_text(pair) for pair in pairs])

    def score_pairs(self, pairs: Sequence[Pair]) -> Tensor:
        """log g float32 [N] in batches of similar length; only pairs that were not scored lately are read."""
        known = self._scores.get(pairs, self._batched_scores)
        return torch.tensor(known, device=self.encoder.device)

    @property
    def vector_shape(self) -> tuple[int, int]:
        """One head of the encoder's width."""
        return 1, self.encoder.config.hidden_size

    def needs_vectors(self, candidates: int | None) -> bool:
        """Only for the first stage."""
        return candidates is not None

    def states(self, texts: Sequence[str]) -> Tensor:
        """Mean encoder states float32 [n, width] of unit length."""
        batch = self.encode(texts)
        states = self.encoder.base_model(**batch).last_hidden_state.float()
        counted = batch["attention_mask"].unsqueeze(-1)
        return normalize((states * counted).sum(1), dim=-1)

    def search(self, texts: Sequence[str], store: EditStore, candidates: int | None) -> tuple[Tensor, Tensor]:
        """All entries, or the first stage's candidates, each scored together with the input.

        However many pairs that are, no more than ``CACHED_PAIRS`` exist at once.
        """
        if candidates is None or candidates >= len(store):
            ids = torch.tensor(store.ids, device=self.encoder.device).expand(len(texts), -1)
        else:
            _, ids = store.nearest(self.vectors(texts), candidates)
        pairs = ((edit, text) for text, row in zip(texts, ids, strict=True) for edit in store.edits(row.tolist()))
        log_g = torch.empty(ids.numel(), device=ids.device)
        for part in torch.split(log_g, CACHED_PAIRS):
            part[:] = self.score_pairs(list(islice(pairs, len(part))))
        return log_g.view(ids.shape), ids

    def _batched_scores(self, pairs: Sequence[Pair]) -> list[float]:
        texts = [self.pair_text(pair) for pair in pairs]
        result = torch.empty(len(texts))
        with self.inference():
            for places in in_length_order(texts, self.settings.batch_size):
                result[places] = self._log_similarity_of([texts[place] for place in places]).cpu()
        return result.tolist()

    def _log_similarity_of(self, texts: Sequence[str]) -> Tensor:
        """The log-softmax by way of the difference of both logits, which keeps a gradient where g rounds to 1."""
        logits = self.encoder(**self.encode(texts)).logits.float()
        return logsigmoid(logits[:, IN_SCOPE] - logits[:, 1 - IN_SCOPE])

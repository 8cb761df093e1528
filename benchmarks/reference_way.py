"""SERAC as the reference implementation computes it, written plainly, to measure against.

At every call the whole memory is encoded again, a cross classifier reads all pairs in one batch, and both the base
model and the counterfactual model read the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.scope import ScopeClassifier
from serac.records import Edit
from serac.tasks.base import Task


class ReferenceWay(nn.Module):
    """Hard routing over a list of edits; gives what :class:`serac.editors.serac.model.SeracModel` gives."""

    def __init__(
        self,
        base: nn.Module,
        task: Task,
        classifier: ScopeClassifier,
        counterfactual: CounterfactualModel,
        edits: Sequence[Edit],
        threshold: float,
    ) -> None:
        super().__init__()
        self.base, self.task, self.classifier, self.counterfactual = base, task, classifier, counterfactual
        self.edits, self.threshold = list(edits), threshold

    @torch.no_grad()
    def forward(self, input_ids: Tensor, attention_mask: Tensor, **others: Any) -> Tensor:
        """Logits of the routed batch."""
        texts = self.task.texts(input_ids)
        beta, index = self._log_similarity(texts).exp().max(1)
        base = self.base(input_ids=input_ids, attention_mask=attention_mask, **others).logits
        edits = [self.edits[place] for place in index.tolist()]
        answers = self.counterfactual(edits, texts, **others).logits
        return torch.where((beta > self.threshold).view(-1, *[1] * (base.dim() - 1)), answers, base)

    def _log_similarity(self, texts: Sequence[str]) -> Tensor:
        classifier = self.classifier
        if isinstance(classifier, CrossClassifier):
            pairs = [classifier.pair_text((edit, text)) for text in texts for edit in self.edits]
            logits = classifier.encoder(**classifier.encode(pairs)).logits
            return logits.log_softmax(-1)[:, 0].view(len(texts), len(self.edits))
        assert isinstance(classifier, EmbedClassifier)
        entries = classifier.states([classifier.entry(edit) for edit in self.edits])
        queries = classifier.states(texts)
        return -classifier.settings.scale * (queries[:, None] - entries[None]).square().sum(-1)

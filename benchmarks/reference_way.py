"""SERAC as the reference implementation computes it, written plainly, to measure against.

At every call the whole memory is encoded again, a cross classifier reads all pairs in one batch, and both the base
model and the counterfactual model read the whole batch. Answers are generated one input at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.mixing import merge_rows
from serac.editors.serac.model import SeracModel
from serac.editors.serac.scope import ScopeClassifier
from serac.records import Edit
from serac.tasks.base import Task


class ReferenceWay(nn.Module):
    """Hard routing over a list of edits; gives what :class:`serac.editors.serac.model.SeracModel` gives."""

    def __init__(
        self,
        base: Any,
        task: Task,
        classifier: ScopeClassifier,
        counterfactual: CounterfactualModel,
        edits: Sequence[Edit],
        threshold: float,
    ) -> None:
        super().__init__()
        self.base, self.task, self.classifier, self.counterfactual = base, task, classifier, counterfactual
        self.edits, self.threshold = list(edits), threshold

    @classmethod
    def of(cls, model: SeracModel) -> ReferenceWay:
        """The same models, edits and threshold."""
        parts = (model.base, model.task, model.classifier, model.counterfactual)
        return cls(*parts, model.memory.store.edits(model.memory.ids), model.settings.threshold)

    @torch.no_grad()
    def forward(self, input_ids: Tensor, attention_mask: Tensor, **others: Any) -> SimpleNamespace:
        """``logits`` of the routed batch."""
        texts, edits, routed = self._route(input_ids)
        base = self.base(input_ids=input_ids, attention_mask=attention_mask, **others).logits
        answers = self.counterfactual(edits, texts, **others).logits
        return SimpleNamespace(logits=torch.where(routed.view(-1, *[1] * (base.dim() - 1)), answers, base))

    @torch.no_grad()
    def generate(self, input_ids: Tensor, attention_mask: Tensor, **options: Any) -> Tensor:
        """Token ids of the answers, padded on the right."""
        padding = self.task.tokenizer.pad_token_id
        said = input_ids.new_empty(0, 0)
        for row in range(len(input_ids)):
            one = input_ids[row : row + 1]
            texts, edits, routed = self._route(one)
            answer = (
                self.counterfactual.generate(edits, texts, **options)
                if routed.item()
                else self.base.generate(input_ids=one, attention_mask=attention_mask[row : row + 1], **options)
            )
            said = merge_rows(said, answer, torch.arange(row + 1) == row, padding)
        return said

    def _route(self, input_ids: Tensor) -> tuple[list[str], list[Edit], Tensor]:
        """Texts, the best edit of each and whether it is in scope, bool [B]."""
        texts = self.task.texts(input_ids)
        beta, index = self._log_similarity(texts).exp().max(1)
        return texts, [self.edits[place] for place in index.tolist()], beta > self.threshold

    def _log_similarity(self, texts: Sequence[str]) -> Tensor:
        classifier = self.classifier
        if isinstance(classifier, CrossClassifier):
            pairs = [classifier.pair_text((edit, text)) for text in texts for edit in self.edits]
            logits = classifier.encoder(**classifier.encode(pairs)).logits
            first: Tensor = logits.log_softmax(-1)[:, 0]
            return first.view(len(texts), len(self.edits))
        assert isinstance(classifier, EmbedClassifier)
        entries = classifier.states([classifier.entry(edit) for edit in self.edits])
        queries = classifier.states(texts)
        heads = (queries[:, None] - entries[None]).unflatten(-1, classifier.vector_shape)
        similarity: Tensor = classifier.from_squares(heads.square().sum(-1).amin(-1))
        return similarity

"""LU: a lookup cache of encoder states that answers with the label of the nearest edit (section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from serac.config.editors import LookupCacheSettings
from serac.editors.base import EditedModel
from serac.editors.configured_editor import ConfiguredEditor, require_answers
from serac.records import Edit
from serac.tasks.base import Task
from serac.tasks.losses import IGNORED


class Lookup(ConfiguredEditor[LookupCacheSettings]):
    """Stores the mean last encoder state of every edit input with its label."""

    name = "lu"
    section = LookupCacheSettings

    def __init__(self, base: nn.Module, task: Task, **hyperparameters: Any) -> None:
        """See :class:`ConfiguredEditor`; raises ``ConfigError`` for dialogue models."""
        require_answers(self.name, task)
        super().__init__(base, task, **hyperparameters)

    def edit(self, edits: Sequence[Edit]) -> LookupModel:
        """A model with all edits in its cache. (A second edit of the reference overwrites the first.)"""
        keys, labels = None, None
        if edits:
            batch = self.encode(self.task.encode_edits(edits))
            labels = batch["labels"]
            keys = mean_states(self.base, batch["input_ids"], batch["attention_mask"], self.settings.mask_padding)
        return LookupModel(self.base, keys, labels, self.settings)


class LookupModel(EditedModel):
    """A cache in front of the base model: ``keys`` float [k, d], ``labels`` int64 [k, S], both None if it is empty."""

    keys: Tensor | None
    labels: Tensor | None

    def __init__(
        self, base: nn.Module, keys: Tensor | None, labels: Tensor | None, settings: LookupCacheSettings
    ) -> None:
        super().__init__()
        self.base = base
        self.settings = settings
        self.register_buffer("keys", keys, persistent=False)
        self.register_buffer("labels", labels, persistent=False)

    def forward(self, **batch: Tensor) -> Any:
        """The base model's output; rows that hit the cache get the logits of the stored label."""
        output = self.base(**batch)
        asked = self._asked(batch["input_ids"], int(batch.get("logits_to_keep", 0)))
        hit, nearest = self.lookup(batch["input_ids"][:, :asked], batch["attention_mask"][:, :asked])
        if hit.any():
            assert self.labels is not None
            stored = label_logits(self.labels[nearest], output.logits, self.settings.logit)
            output.logits = torch.where(hit.view(-1, *[1] * (stored.dim() - 1)), stored, output.logits)
        return output

    def generate(self, **kwargs: Any) -> Tensor:
        """The stored label for rows that hit the cache, otherwise the base model's answer.

        In front of it: the start token, or the prompt of a decoder-only model.
        """
        ids: Tensor = self.base.generate(**kwargs)  # type: ignore[operator]
        hit, nearest = self.lookup(kwargs["input_ids"], kwargs["attention_mask"])
        if not hit.any():
            return ids
        assert self.labels is not None
        pad: int = self.base.config.pad_token_id  # type: ignore[assignment,union-attr]
        labels = self.labels[nearest[hit]]
        start = 1 if self._encodes else kwargs["input_ids"].shape[1]
        width = max(ids.shape[1], labels.shape[1] + start)
        answers = ids.new_full((ids.shape[0], width), pad)
        answers[:, : ids.shape[1]] = ids
        answers[hit, start:] = pad
        answers[hit, start : labels.shape[1] + start] = labels.where(labels != IGNORED, pad)
        return answers

    @property
    def _encodes(self) -> bool:
        return bool(self.base.config.is_encoder_decoder)  # type: ignore[union-attr]

    def _asked(self, input_ids: Tensor, logits_to_keep: int) -> int:
        """Length of the prompt; for a decoder-only model, up to the first position whose logits are needed."""
        whole = input_ids.shape[1]
        return whole - logits_to_keep + 1 if logits_to_keep and not self._encodes else whole

    @torch.no_grad()
    def lookup(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Whether the nearest key is closer than the threshold, bool [B], and its index, int64 [B]."""
        if self.keys is None:
            nothing = torch.zeros(len(input_ids), dtype=torch.int64, device=input_ids.device)
            return nothing.bool(), nothing
        queries = mean_states(self.base, input_ids, attention_mask, self.settings.mask_padding)
        nearest = distances(queries, self.keys).min(dim=1)
        return nearest.values < self.settings.threshold, nearest.indices


@torch.no_grad()
def mean_states(base: Any, input_ids: Tensor, attention_mask: Tensor, mask_padding: bool = True) -> Tensor:
    """Mean last hidden state of every row (the encoder's if there is one), float32 [B, d].

    Without ``mask_padding``, padding counts too (reference).
    """
    if base.config.is_encoder_decoder:
        states = base.get_encoder()(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
    elif base.can_generate():  # decoder-only: the padding may stand in front
        places = (attention_mask.cumsum(1) - 1).clamp(min=0)
        states = base.base_model(input_ids, attention_mask, position_ids=places).last_hidden_state.float()
    else:
        states = base.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
    weights = attention_mask if mask_padding else torch.ones_like(attention_mask)
    mean: Tensor = (states * weights.unsqueeze(-1)).sum(1) / weights.sum(1, keepdim=True).clamp(min=1)
    return mean


def distances(queries: Tensor, keys: Tensor) -> Tensor:
    """Euclidean distances [n, k]; computed by differences, so that equal states are at distance 0."""
    return torch.cdist(queries, keys, compute_mode="donot_use_mm_for_euclid_dist")


def label_logits(labels: Tensor, like: Tensor, logit: float) -> Tensor:
    """Logits of the shape of ``like`` that predict ``labels``.

    One logit per item [B, 1]: ``logit`` or ``-logit``. Sequences [B, S, V]: ``logit`` at the stored tokens, 0
    elsewhere and beyond the stored label; stored tokens beyond S are dropped. Ignored labels leave their position at
    0 (the reference counts them from the vocabulary's end).
    """
    if like.dim() == 2:
        return (logit * (2 * labels - 1)).to(like)
    result = torch.zeros_like(like)
    labels = labels[:, : like.shape[1]]
    counted = labels != IGNORED
    result[:, : labels.shape[1]].scatter_(
        -1, labels.where(counted, 0).unsqueeze(-1), (logit * counted).to(like).unsqueeze(-1)
    )
    return result

"""Decoder-only models that answer with a short text (GPT-2): the same questions as the encoder-decoders'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from serac.records import Query
from serac.tasks import losses
from serac.tasks.base import Batch, device_of, in_batches, left_padded
from serac.tasks.loading import load_without_dropout
from serac.tasks.seq2seq import SPARE_TOKENS, Seq2SeqTask


class CausalTask(Seq2SeqTask):
    """Question, end-of-sequence token, answer, end-of-sequence token, read from left to right.

    Batches are those of :class:`Seq2SeqTask`, question and answer apart. Edited models of editors that merge logits
    cannot replace a decoder-only model there; they are compared by generated answers.
    """

    name = "causal"

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        super().__init__(tokenizer, max_length)
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token

    def encode_inputs(self, texts: Sequence[str]) -> Batch:
        """See :meth:`Task.encode_inputs`; texts end with the end-of-sequence token, whatever the tokenizer adds."""
        return super().encode_inputs(self._ended(texts))

    def encode_labels(self, labels: Sequence[str]) -> Tensor:
        """See :meth:`Task.encode_labels`; labels end with the end-of-sequence token."""
        return super().encode_labels(self._ended(labels))

    @staticmethod
    def load_model(path: str) -> PreTrainedModel:
        """The decoder-only model saved in a folder."""
        return load_without_dropout(AutoModelForCausalLM, path)

    def logits(self, model: nn.Module, batch: Batch) -> Tensor:
        """Teacher-forced logits [B, S, V] aligned with ``labels``: each row predicts the label at its place."""
        counted = batch["labels"] != losses.IGNORED
        mask = torch.cat([batch["attention_mask"], counted.to(batch["attention_mask"])], dim=1)
        spoken = batch["labels"].masked_fill(~counted, self._pad)
        said = model(
            input_ids=torch.cat([batch["input_ids"], spoken], dim=1),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        ).logits
        width = batch["input_ids"].shape[1]
        last = batch["attention_mask"].sum(1) - 1  # of the question: right-padded, so the first label's predictor
        first = said[torch.arange(len(said), device=said.device), last].unsqueeze(1)
        return torch.cat([first, said[:, width:-1]], dim=1)

    def generate(self, model: Any, queries: Sequence[Query], batch_size: int) -> list[str]:
        """Greedy answers, stripped; each at most a few tokens longer than its own label, whatever the batch."""
        if not queries:
            return []
        spoken = self.tokenizer(self._ended([query.label for query in queries]))["input_ids"]
        limits = [min(len(label), self.max_length) + SPARE_TOKENS for label in spoken]
        answers = [""] * len(queries)
        for positions in in_batches(queries, batch_size):
            read = self._left_padded([queries[i].input for i in positions])
            device = device_of(model)
            with torch.no_grad():
                said = model.generate(
                    input_ids=read["input_ids"].to(device),
                    attention_mask=read["attention_mask"].to(device),
                    max_new_tokens=max(limits[i] for i in positions),
                    do_sample=False,
                    num_beams=1,
                    pad_token_id=self._pad,
                )
            for position, row in zip(positions, said[:, read["input_ids"].shape[1] :].cpu(), strict=True):
                ended = _until(row[: limits[position]], int(self.tokenizer.eos_token_id))
                answers[position] = self.texts(ended.unsqueeze(0))[0].strip()
        return answers

    @property
    def _pad(self) -> int:
        return int(self.tokenizer.pad_token_id)

    def _ended(self, texts: Sequence[str]) -> list[str]:
        """Texts with an end-of-sequence token where the tokenizer does not add one itself."""
        eos = self.tokenizer.eos_token
        adds = self.tokenizer("a")["input_ids"][-1:] == [self.tokenizer.eos_token_id]
        return list(texts) if adds else [f"{text}{eos}" for text in texts]

    def _left_padded(self, texts: Sequence[str]) -> Batch:
        return left_padded(self.encode_inputs(texts))


def _until(ids: Tensor, end: int) -> Tensor:
    """``ids`` up to the first ``end``."""
    found = torch.eq(ids, end).nonzero()
    return ids[: int(found[0])] if len(found) else ids

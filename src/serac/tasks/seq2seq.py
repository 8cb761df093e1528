"""Encoder-decoder models that answer with a short text (T5, BART): questions of zsRE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel

from serac.records import Query
from serac.tasks import losses
from serac.tasks.base import Batch, Score, Task, device_of, in_batches
from serac.tasks.loading import load_without_dropout

SPARE_TOKENS = 4


class Seq2SeqTask(Task):
    """Answers scored as whole sequences under teacher forcing (section 4)."""

    name = "seq2seq"

    def encode_labels(self, labels: Sequence[str]) -> Tensor:
        """Token ids int64 [B, S], padded with -100."""
        said = self.tokenizer(text_target=list(labels), **self._padding)
        ignored: Tensor = said["attention_mask"] == 0
        ids: Tensor = said["input_ids"]
        return ids.masked_fill(ignored, losses.IGNORED)

    @staticmethod
    def load_model(path: str) -> PreTrainedModel:
        """The encoder-decoder model saved in a folder."""
        return load_without_dropout(AutoModelForSeq2SeqLM, path)

    def logits(self, model: nn.Module, batch: Batch) -> Tensor:
        """Teacher-forced logits [B, S, V]; the model shifts the labels right to form its decoder's input."""
        said = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
        logits: Tensor = said.logits
        return logits

    def edit_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Token mean of the negative log-likelihood."""
        return losses.sequence_nll(logits, batch["labels"])

    def locality_loss(self, before: Tensor, after: Tensor, batch: Batch) -> Tensor:
        """Token mean of KL(before || after)."""
        return losses.sequence_kl(before, after, batch["labels"] != losses.IGNORED)

    def correct(self, logits: Tensor, batch: Batch) -> Tensor:
        """bool [B]: every label token is the argmax."""
        return losses.exact_match(logits, batch["labels"])

    def outputs(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int, *, full: bool = True
    ) -> list[dict[str, Tensor]]:
        """``prediction`` (argmax under teacher forcing) and ``label`` int64 [S] per query."""
        results: list[dict[str, Tensor]] = [{} for _ in queries]
        for position, logits, labels in self._rows(model, queries, batch_size):
            results[position] = {"prediction": logits.argmax(-1).cpu(), "label": labels.cpu()}
        return results

    def success(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """1 per query whose whole predicted sequence is the label."""
        return [
            Score(query.kind, query.hard, float(torch.equal(output["prediction"], output["label"])), (i,))
            for i, (query, output) in enumerate(zip(queries, outputs, strict=True))
        ]

    def generate(self, model: Any, queries: Sequence[Query], batch_size: int) -> list[str]:
        """Greedy answers, stripped; each at most a few tokens longer than its own label, whatever the batch."""
        if not queries:
            return []
        labels = self.tokenizer(text_target=[query.label for query in queries])["input_ids"]
        limits = [min(len(label), self.max_length) + SPARE_TOKENS for label in labels]
        answers = [""] * len(queries)
        for positions in in_batches(queries, batch_size):
            read = self.encode_inputs([queries[i].input for i in positions])
            with torch.no_grad():
                said = model.generate(
                    **{name: tensor.to(device_of(model)) for name, tensor in read.items()},
                    max_new_tokens=max(limits[i] for i in positions) + 1,  # some models force an end at the last
                    do_sample=False,
                    num_beams=1,
                )
            for position, row in zip(positions, said.cpu(), strict=True):
                answers[position] = self.texts(row[None, : 1 + limits[position]])[0].strip()  # after the start token
        return answers

    def answer(self, output: dict[str, Tensor]) -> str:
        """The text of one output's prediction (under teacher forcing)."""
        return self.texts(output["prediction"].unsqueeze(0))[0].strip()

    def _rows(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int
    ) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Position, logits float32 [S, V] and labels [S] of every query, without padding, batch by batch."""
        for positions, logits, labels in self._batches(model, queries, batch_size):
            for row, position in enumerate(positions):
                counted = labels[row] != losses.IGNORED
                yield position, logits[row][counted], labels[row][counted]

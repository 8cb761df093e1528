"""Encoder classifiers with one logit: claims that are true (``"1"``) or false (``"0"``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from serac.errors import SeracError
from serac.records import Query
from serac.tasks import losses
from serac.tasks.base import Batch, Score, Task
from serac.tasks.loading import load_without_dropout

LABELS = {"1": 1, "0": 0, "": 1}


class BinaryTask(Task):
    """Verdicts: true where the logit is above 0 (probability above one half)."""

    name = "binary"

    def encode_labels(self, labels: Sequence[str]) -> Tensor:
        """Verdicts int64 [B, 1]; an empty label is true (an edit is a true statement)."""
        return torch.tensor([[_verdict(label)] for label in labels], dtype=torch.int64)

    @staticmethod
    def load_model(path: str) -> PreTrainedModel:
        """The classifier saved in a folder, with one logit."""
        return load_without_dropout(AutoModelForSequenceClassification, path, num_labels=1)

    def logits(self, model: nn.Module, batch: Batch) -> Tensor:
        """One logit per item [B, 1]; the model never sees the labels."""
        logits: Tensor = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        return logits

    def edit_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean negative log-likelihood of the verdicts."""
        return losses.binary_nll(logits, batch["labels"])

    def locality_loss(self, before: Tensor, after: Tensor, batch: Batch) -> Tensor:
        """Mean KL(before || after)."""
        return losses.binary_kl(before, after)

    def correct(self, logits: Tensor, batch: Batch) -> Tensor:
        """bool [B]: the label has probability above 0.5."""
        return losses.binary_match(logits, batch["labels"]).squeeze(-1)

    def outputs(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int, *, full: bool = True
    ) -> list[dict[str, Tensor]]:
        """``logit`` float32 [1], ``prediction`` and ``label`` int64 [1] per query."""
        results: list[dict[str, Tensor]] = [{} for _ in queries]
        for positions, logits, labels in self._batches(model, queries, batch_size):
            for position, logit, label in zip(positions, logits.cpu(), labels.cpu(), strict=True):
                results[position] = {"logit": logit, "prediction": (logit > 0).long(), "label": label}
        return results

    def success(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """Per query, 1 if the desired verdict has probability above 0.5."""
        return [
            Score(query.kind, query.hard, float(losses.binary_match(output["logit"], output["label"]).item()), (i,))
            for i, (query, output) in enumerate(zip(queries, outputs, strict=True))
        ]

    def generate(self, model: Any, queries: Sequence[Query], batch_size: int) -> list[str]:
        """The verdicts as ``"1"`` or ``"0"``."""
        return [self.answer(output) for output in self.outputs(model, queries, batch_size)]

    def answer(self, output: dict[str, Tensor]) -> str:
        """``"1"`` or ``"0"``."""
        return str(output["prediction"].item())


def _verdict(label: str) -> int:
    if label not in LABELS:
        raise SeracError(f"a binary label must be '1' (true), '0' (false) or empty (true), not {label!r}")
    return LABELS[label]

"""What differs between model kinds: how texts become tensors and how outputs are scored.

Editors and the evaluation know only this interface, never the problem or the architecture.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.records import Edit, Query

Batch = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the outcomes: the value of a metric on the queries at ``positions`` of the scored list."""

    kind: str
    hard: bool
    value: float
    positions: tuple[int, ...]


class Task(ABC):
    """Reads and scores text with models of one kind (``seq2seq``, ``binary``, ``dialogue``)."""

    name: ClassVar[str]
    answers_freely: ClassVar[bool] = False
    """Whether :meth:`outputs` are generated answers, which take much longer than one forward pass."""
    exact_answers: ClassVar[bool] = True
    """Whether a generated answer is right or wrong by comparison (False where likelihoods are scored)."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        """Keep a copy of ``tokenizer`` that pads on the right, so that the caller's padding side has no effect."""
        self.tokenizer = copy.deepcopy(tokenizer)
        self.tokenizer.padding_side = "right"
        self.max_length = max_length

    # --- text to tensors -----------------------------------------------------------------------
    def encode_inputs(self, texts: Sequence[str]) -> Batch:
        """Padded ``input_ids`` and ``attention_mask`` int64 [B, L], truncated to ``max_length`` tokens."""
        read = self.tokenizer(list(texts), **self._padding)
        return {"input_ids": read["input_ids"], "attention_mask": read["attention_mask"]}

    @abstractmethod
    def encode_labels(self, labels: Sequence[str]) -> Tensor:
        """int64 [B, S], truncated to ``max_length`` tokens, -100 as padding; [B, 1] in {0, 1} for binary tasks."""

    def encode(self, inputs: Sequence[str], labels: Sequence[str]) -> Batch:
        """:meth:`encode_inputs`, and :meth:`encode_labels` under the key ``labels``."""
        return {**self.encode_inputs(inputs), "labels": self.encode_labels(labels)}

    def encode_queries(self, queries: Sequence[Query]) -> Batch:
        """Batch of test inputs. Dialogue adds ``wanted`` bool [B]."""
        return self.encode([query.input for query in queries], [query.label for query in queries])

    def encode_edits(self, edits: Sequence[Edit]) -> Batch:
        """Batch of edit descriptors as training pairs; the empty label of fact checking is ``true`` (1)."""
        return self.encode([edit.input for edit in edits], [edit.label for edit in edits])

    @staticmethod
    def condition(edit: Edit, text: str) -> str:
        """What a counterfactual model reads: ``x_e + " " + y_e + " " + x'`` (section 2, text formats)."""
        return f"{edit.input} {edit.label} {text}"

    def encode_conditioned(self, edits: Sequence[Edit], queries: Sequence[Query]) -> Batch:
        """Batch of test inputs, each behind the edit at its place: what a counterfactual model reads."""
        read = [self.condition(edit, query.input) for edit, query in zip(edits, queries, strict=True)]
        return self.encode_queries([replace(query, input=text) for query, text in zip(queries, read, strict=True)])

    def texts(self, input_ids: Tensor) -> list[str]:
        """The texts behind ``input_ids`` [B, L], without special tokens (routing reads these)."""
        return list(
            self.tokenizer.batch_decode(input_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )

    def as_read(self, texts: Sequence[str]) -> list[str]:
        """What the tokenizer keeps of texts: routing recovers inputs from token ids, so edits are read alike."""
        return self.texts(self.encode_inputs(texts)["input_ids"]) if texts else []

    def edits_as_read(self, edits: Sequence[Edit]) -> list[Edit]:
        """Edits with what the tokenizer keeps of their inputs and labels."""
        inputs, labels = (self.as_read([getattr(edit, part) for edit in edits]) for part in ("input", "label"))
        return [Edit(*pair) for pair in zip(inputs, labels, strict=True)]

    # --- models --------------------------------------------------------------------------------
    @staticmethod
    @abstractmethod
    def load_model(path: str) -> PreTrainedModel:
        """The Hugging Face model of this kind saved in a folder, in evaluation mode, dropout off."""

    @abstractmethod
    def logits(self, model: nn.Module, batch: Batch) -> Tensor:
        """Forward pass with teacher forcing: [B, S, V] aligned with ``labels`` (no shift), or [B, 1]."""

    # --- losses (parity: losses_edit_nll, losses_locality, losses_sentiment) ---------------------
    @abstractmethod
    def edit_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Scalar negative log-likelihood of the wanted outputs (token mean, or mean over items)."""

    @abstractmethod
    def locality_loss(self, before: Tensor, after: Tensor, batch: Batch) -> Tensor:
        """Scalar KL(before || after): mean over non-ignored label positions, or over items."""

    @abstractmethod
    def correct(self, logits: Tensor, batch: Batch) -> Tensor:
        """bool [B]: the whole wanted output is the argmax (or has probability > 0.5)."""

    # --- evaluation ----------------------------------------------------------------------------
    @abstractmethod
    def outputs(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int, *, full: bool = True
    ) -> list[dict[str, Tensor]]:
        """The model's output for each query: one small dict of CPU tensors per query, in the given order.

        Independent of batch size and padding. The model reads each query once, in the order of :func:`in_batches`.
        ``full=False`` omits what only :meth:`drawdown` needs (dialogue: the whole distributions).
        """

    @abstractmethod
    def success(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """ES contributions of the in-scope queries of ONE edit (section 4)."""

    def drawdown(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """DD contributions of the out-of-scope queries of ONE edit (section 4): 1 where the prediction changed."""
        return [
            Score(query.kind, query.hard, float(not torch.equal(output["prediction"], before["prediction"])), (i,))
            for i, (query, output, before) in enumerate(zip(queries, outputs, base, strict=True))
        ]

    @abstractmethod
    def generate(self, model: Any, queries: Sequence[Query], batch_size: int) -> list[str]:
        """The model's answers in free generation (greedy), or ``"1"``/``"0"`` for binary tasks."""

    @abstractmethod
    def answer(self, output: dict[str, Tensor]) -> str:
        """The text of the prediction in one of :meth:`outputs`' dicts."""

    @property
    def _padding(self) -> dict[str, Any]:
        return {"padding": True, "truncation": True, "max_length": self.max_length, "return_tensors": "pt"}

    def _batches(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Positions, logits in float32 and labels of the queries batch by batch, on the model's device."""
        device = device_of(model)
        for positions in in_batches(queries, batch_size):
            batch = self.encode_queries([queries[i] for i in positions])
            batch = {name: tensor.to(device) for name, tensor in batch.items()}
            with torch.no_grad():
                logits = self.logits(model, batch).float()
            yield positions, logits, batch["labels"]


def in_batches(queries: Sequence[Query], batch_size: int) -> list[list[int]]:
    """Positions of ``queries`` in batches of similar length, longest first, so that padding is small."""
    order = sorted(range(len(queries)), key=lambda i: (-len(queries[i].input), i))
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def device_of(model: nn.Module) -> torch.device:
    """Device of the first parameter (CPU for a model without parameters)."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def left_padded(batch: Batch) -> Batch:
    """A right-padded batch [B, L] with its padding in front: a decoder-only model goes on after the last place."""
    length = batch["attention_mask"].shape[1]
    missing = length - batch["attention_mask"].sum(1, keepdim=True)
    places = (torch.arange(length, device=missing.device) - missing) % length
    return {name: tensor.gather(1, places) for name, tensor in batch.items()}

"""The training objective of MEND and ENN: edits succeed, everything else stays unchanged (section 5)."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from statistics import fmean
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from serac.config.editors import LearnedEditorSettings
from serac.config.training import TrainSettings
from serac.editors.base import EditedModel
from serac.editors.configured_editor import MatrixEditor
from serac.editors.training_batches import DrawnBatch, draw_batch
from serac.errors import ConfigError
from serac.records import Edit, EditExample, Query
from serac.tasks.base import Batch
from serac.training import Metrics, Objective

L = TypeVar("L", bound=LearnedEditorSettings)


class LearnedEditor(MatrixEditor[L], Generic[L]):
    """An editor whose ``network`` (with learned step sizes ``edit_lrs``) is trained to edit the base model."""

    network: nn.Module

    @abstractmethod
    def training_model(self, edits: Sequence[Edit]) -> EditedModel:
        """The edited model with gradients into ``network``; may update running statistics."""

    def locality_target(self, outside: Batch, base: Tensor) -> Tensor:
        """The logits to compare the edited model's with out of scope, given the base model's."""
        return base

    def keep_loss(self, before: Tensor, outside: Batch) -> Tensor:
        """Penalty on changes before any edit, given the base model's logits out of scope; 0 unless there are any."""
        return before.new_zeros(())

    def objective(
        self, train: Sequence[EditExample], validation: Sequence[EditExample], settings: TrainSettings, *, k: int
    ) -> Objective:
        """What :func:`serac.training.train` needs; every step draws ``k`` edits of ``train``.

        Validation metrics: ``es``, ``dd``, ``locality`` (1 - dd) and ``score`` (maximised: es - dd, or minus the loss
        if ``stopping`` says so), on fixed batches of ``k`` edits of ``validation``, about
        ``settings.validation_examples`` edits in all.
        """
        if settings.gradient_checkpointing:
            raise ConfigError(
                f"gradient_checkpointing does not work with {self.name!r}, whose weights change. Hint: set it to false"
            )
        return Objective(
            module=self.network,
            loss=lambda rng: self.loss(draw_batch(rng, train, k, self.settings.hard_negatives)),
            validate=Validation(self, validation, settings, k),
            key="score",
            parameter_groups=self._parameter_groups,
        )

    def loss(self, drawn: DrawnBatch) -> Tensor:
        """Weighted edit loss in scope and KL(base || edited) out of scope, for one batch of edits."""
        return self.loss_of(self.training_model(drawn.edits), drawn)

    def loss_of(self, edited: EditedModel, drawn: DrawnBatch) -> Tensor:
        """:meth:`loss` of a model that holds the batch's edits."""
        settings, inside_count = self.settings, len(drawn.in_scope)
        batch = self.encode(self.task.encode_queries(drawn.in_scope + drawn.out_of_scope))
        inside, outside = _rows(batch, slice(inside_count)), _rows(batch, slice(inside_count, None))
        logits = self.task.logits(edited, batch)
        total = settings.edit_weight * self.task.edit_loss(logits[:inside_count], inside)
        if drawn.out_of_scope:
            with torch.no_grad():
                before = self.task.logits(self.base, outside)
            target = self.locality_target(outside, before)
            locality_loss = self.task.locality_loss(target, logits[inside_count:], outside)
            total = total + settings.locality_weight * locality_loss
            total = total + self.keep_loss(before, outside)
        return total

    def _parameter_groups(self) -> list[dict[str, Any]]:
        rates = [p for name, p in self.network.named_parameters() if name == "edit_lrs"]
        others = [p for name, p in self.network.named_parameters() if name != "edit_lrs"]
        return [{"params": others}, {"params": rates, "lr": self.settings.rate_learning_rate}]

    def _tensors(self) -> dict[str, Tensor]:
        return self.network.state_dict()

    def _load_tensors(self, tensors: dict[str, Tensor]) -> None:
        self.network.load_state_dict(tensors)


class Validation:
    """ES and DD on fixed batches of edits, with one input drawn per kind; the base model is run once."""

    def __init__(
        self, editor: LearnedEditor[Any], examples: Sequence[EditExample], settings: TrainSettings, k: int
    ) -> None:
        self.editor, self.batch_size, self.stopping = editor, settings.batch_size, settings.stopping
        self.batches = [
            draw_batch(
                random.Random(f"{editor.settings.seed}/validation/{number}"),
                examples,
                k,
                editor.settings.hard_negatives,
            )
            for number in range(max(1, settings.validation_examples // k))
        ]
        self.base: dict[tuple[int, bool], list[dict[str, Tensor]]] = {}

    def __call__(self) -> Metrics:
        """``es``, ``dd``, ``locality`` and ``score`` of the editor as it is now."""
        successes, drawdowns, losses = [], [], []
        for number, drawn in enumerate(self.batches):
            edited = self.editor.edit(drawn.edits)
            successes += self._successes(number, drawn, edited)
            drawdowns += self._drawdowns(number, drawn, edited)
            if self.stopping == "loss":
                with torch.no_grad():
                    losses.append(self.editor.loss_of(edited, drawn).item())
        es, dd = fmean(successes), fmean(drawdowns) if drawdowns else 0.0
        return {"es": es, "dd": dd, "locality": 1 - dd, "score": -fmean(losses) if losses else es - dd}

    def _successes(self, number: int, drawn: DrawnBatch, edited: EditedModel) -> list[float]:
        outputs, base = self._ask(number, drawn.in_scope, edited, full=False)
        values = []
        for index in range(len(drawn.edits)):
            own = [position for position, edit in enumerate(drawn.in_scope_edit) if edit == index]
            scores = self.editor.task.success(
                [drawn.in_scope[i] for i in own], [outputs[i] for i in own], [base[i] for i in own]
            )
            values += [score.value for score in scores]
        return values

    def _drawdowns(self, number: int, drawn: DrawnBatch, edited: EditedModel) -> list[float]:
        outputs, base = self._ask(number, drawn.out_of_scope, edited, full=True)
        return [score.value for score in self.editor.task.drawdown(drawn.out_of_scope, outputs, base)]

    def _ask(
        self, number: int, queries: Sequence[Query], edited: EditedModel, *, full: bool
    ) -> tuple[list[dict[str, Tensor]], list[dict[str, Tensor]]]:
        task, key = self.editor.task, (number, full)
        if key not in self.base:
            self.base[key] = task.outputs(self.editor.base, queries, self.batch_size, full=full)
        return task.outputs(edited, queries, self.batch_size, full=full), self.base[key]


def _rows(batch: Batch, rows: slice) -> Batch:
    return {name: tensor[rows] for name, tensor in batch.items()}

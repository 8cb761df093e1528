"""Editor: one gradient step on all edits together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field

from serac.config.editors import EditorSection
from serac.editors.configured_editor import MatrixEditor
from serac.editors.weight_edited_model import WeightEditedModel
from serac.records import Edit


class OneStepSettings(EditorSection):
    """One gradient step on all edits together."""

    method: Literal["one_step"] = Field("one_step", description="the editing method")
    size: float = Field(0.1, gt=0, description="size of the step")


class OneStep(MatrixEditor[OneStepSettings]):
    """Moves the edited matrices against the gradient of the edits' loss."""

    name = "one_step"
    section = OneStepSettings

    def edit(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """See :meth:`Editor.edit`."""
        weights = {name: weight.detach().clone().requires_grad_() for name, weight in self.base_weights().items()}
        if not edits:
            return WeightEditedModel(self.base, {})
        batch = self.encode(self.task.encode_edits(edits))
        loss = self.task.edit_loss(self.task.logits(WeightEditedModel(self.base, weights), batch), batch)
        steps = torch.autograd.grad(loss, list(weights.values()))
        moved = {
            name: (weight - self.settings.size * step).detach()
            for (name, weight), step in zip(weights.items(), steps, strict=True)
        }
        return WeightEditedModel(self.base, moved)

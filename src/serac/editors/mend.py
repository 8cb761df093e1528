"""MEND: model editor networks with gradient decomposition (Mitchell et al. 2022; section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from serac.config.editors import MendSettings
from serac.editors.edited_matrices import transposed
from serac.editors.gradient_factors import gradient_factors, informative_rows
from serac.editors.learned import LearnedEditor
from serac.editors.mend_network import MendNetwork
from serac.editors.weight_edited_model import WeightEditedModel
from serac.records import Edit
from serac.tasks.base import Batch, Task, device_of


class Mend(LearnedEditor[MendSettings]):
    """Turns the gradient of the edit loss, factor by factor, into the update of every edited matrix."""

    name = "mend"
    section = MendSettings
    network: MendNetwork

    def __init__(self, base: nn.Module, task: Task, *, matrices: Sequence[str] = (), **hyperparameters: Any) -> None:
        """See :class:`MatrixEditor`; the networks start as the identity."""
        super().__init__(base, task, matrices=matrices, **hyperparameters)
        self.transposed = transposed(base, self.matrices)
        oriented = {name: self._oriented(name, weight) for name, weight in self.base_weights().items()}
        shapes = {name: (weight.shape[0], weight.shape[1]) for name, weight in oriented.items()}
        settings = self.settings
        self.network = MendNetwork(shapes, settings.rank, settings.hidden_layers, settings.edit_rate, settings.seed)
        if settings.start == "ours":
            self.network.divide_start_by_width()
        self.network.to(device_of(base)).eval()

    @torch.no_grad()
    def edit(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """Apply one update computed from all edits together; running statistics stay as they are."""
        return WeightEditedModel(self.base, self.updated_weights(self._encoded(edits)) if edits else {})

    def training_model(self, edits: Sequence[Edit]) -> WeightEditedModel:
        """The edited model with gradients into the networks; updates the running statistics."""
        return WeightEditedModel(self.base, self.updated_weights(self._encoded(edits), update_statistics=True))

    def updated_weights(self, batch: Batch, update_statistics: bool = False) -> dict[str, Tensor]:
        """The edited matrices for a batch of encoded edits."""
        weights, updates = self.base_weights(), self.pseudo_gradients(batch, update_statistics)
        rates = self.network.edit_lrs * self.settings.rate_scale * (-1 if self.settings.descent else 1)
        return {
            name: weight + (rate * self._oriented(name, updates[name])).to(weight.dtype)
            for rate, (name, weight) in zip(rates, weights.items(), strict=True)
        }

    def pseudo_gradients(self, batch: Batch, update_statistics: bool = False) -> dict[str, Tensor]:
        """Sum over rows of the outer products of the transformed factors, [out, in] per matrix.

        Statistics are updated matrix by matrix, so that matrices of one shape are normalised with statistics that
        already hold the rows of those before them (as in the reference).
        """
        factors = gradient_factors(
            self.base, self.matrices, lambda: self.task.edit_loss(self.task.logits(self.base, batch), batch)
        )
        updates = {}
        for name in self.matrices:
            inputs, deltas = informative_rows(*factors[name])
            inputs, deltas = self.network.transform(name, inputs, deltas, update_statistics)
            updates[name] = deltas.T @ inputs
        return updates

    def _oriented(self, name: str, matrix: Tensor) -> Tensor:
        """From the layout in which ``name`` is stored to [out, in], and back."""
        return matrix.T if name in self.transposed else matrix

    def _encoded(self, edits: Sequence[Edit]) -> Batch:
        return self.encode(self.task.encode_edits(edits))

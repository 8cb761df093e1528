"""The editor interface: every method takes a batch of edits and returns a model that behaves like the base model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from serac.config.editors import EditorSection
from serac.records import Edit
from serac.tasks.base import Task


class EditedModel(nn.Module, ABC):
    """A model after edits; used like the Hugging Face model it stands for.

    ``forward(input_ids, attention_mask, labels=None, ...)`` returns an object with ``logits``;
    ``generate(input_ids, attention_mask, **kwargs)`` returns token ids. Parameters of the base model
    never get gradients through an edited model unless the editor trains them (ENN).
    """

    base: nn.Module

    @abstractmethod
    def forward(self, **batch: Tensor) -> Any:
        """As the base model's forward: an output with ``logits``, and ``loss`` if labels were given.

        ``logits`` have the base model's shape and dtype, unless another model with a vocabulary of its own answers.
        """

    @abstractmethod
    def generate(self, **kwargs: Any) -> Tensor:
        """As the base model's ``generate``; raises the same error if the base model cannot generate."""

    def routing(self) -> dict[str, Tensor] | None:
        """For the last forward pass of editors that route: ``beta`` float [B], ``index`` int64 [B] of the
        retrieved edit, ``routed`` bool [B]; None for editors without a router."""
        return None

    def routing_of(self, texts: Sequence[str]) -> dict[str, Tensor] | None:
        """:meth:`routing` for texts that are not answered; None unless the base model alone answers all others."""
        return None


class Editor(ABC):
    """An editing method bound to a base model. ``name`` is its key in the registry and its ``method`` in settings."""

    name: ClassVar[str]
    section: ClassVar[type[EditorSection]]
    """Its settings; their field ``method`` is the literal :attr:`name`."""

    def __init__(self, base: nn.Module, task: Task, **hyperparameters: Any) -> None:
        self.base = base
        self.task = task
        self.hyperparameters = hyperparameters

    @abstractmethod
    def edit(self, edits: Sequence[Edit]) -> EditedModel:
        """Apply all edits at once to the *base* model. ``edit([])`` behaves exactly like the base model."""

    def edit_in_sequence(self, edits: Sequence[Edit], stops: Sequence[int]) -> Iterator[EditedModel]:
        """Apply edits one after another; yields the model after each number of edits in ``stops`` (ascending).

        By default, edits are applied together, and their order does not matter; editors that change weights start each
        edit from the weights that the last one left.
        """
        for stop in stops:
            yield self.edit(edits[:stop])

    @abstractmethod
    def tuned(self, **choice: Any) -> Self:
        """The same editor with the inference-time hyperparameters that validation chose (a cheap view)."""

    @property
    def threshold_name(self) -> str | None:
        """The hyperparameter, if any, that only decides which model answers.

        Inputs with a larger ``beta`` (see :meth:`EditedModel.routing`) are routed; the base model answers the others;
        at 0 all with a positive ``beta`` are routed. Several such thresholds can be evaluated in one pass.
        """
        return None

    @abstractmethod
    def save_pretrained(self, folder: Path | str) -> None:
        """Write ``config.json`` and, if there are weights, ``model.safetensors`` (never the base model)."""

    @classmethod
    @abstractmethod
    def from_pretrained(cls, folder: Path | str, base: nn.Module, task: Task) -> Self:
        """Inverse of :meth:`save_pretrained`; raises ``ConfigError`` if the folder is another editor's."""

"""SERAC as editors: an edit is one more entry of the memory (section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn

from serac.config.editors import SeracSettings
from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.base import Editor
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.model import SeracModel
from serac.editors.serac.saved_parts import load_parts, prompted, save_parts
from serac.editors.serac.scope import ScopeClassifier
from serac.errors import ConfigError
from serac.records import Edit
from serac.tasks.base import Task


class MemoryEditor(Editor):
    """Retrieves an edit for every input; a counterfactual model answers inputs in the edit's scope."""

    kind: ClassVar[str | None] = None
    """Kind of scope classifier that the editor requires; None: any."""

    def __init__(
        self,
        base: nn.Module,
        task: Task,
        *,
        classifier: ScopeClassifier,
        counterfactual: CounterfactualModel | None = None,
        routing: RoutingSettings | None = None,
        memory: MemorySettings | None = None,
    ) -> None:
        """Without a counterfactual model, the base model reads the edit (RP).

        Raises ``ConfigError`` if the classifier is not of the editor's kind or a counterfactual model is missing.
        """
        self.routing, self.memory = routing or RoutingSettings(), memory or MemorySettings()
        super().__init__(base, task, **self.routing.model_dump(), **self.memory.model_dump())
        if self.kind is not None and classifier.kind != self.kind:
            raise ConfigError(f"editor '{self.name}' needs a scope classifier of kind '{self.kind}'")
        if counterfactual is None and self.section.counterfactual:
            raise ConfigError(f"editor '{self.name}' needs a counterfactual model")
        self.classifier, self.counterfactual = classifier, counterfactual or prompted(base, task)

    def edit(self, edits: Sequence[Edit]) -> SeracModel:
        """A model with a memory of its own, holding ``edits`` with ids 0 to k - 1."""
        model = SeracModel(
            self.base, self.task, self.classifier, self.counterfactual, routing=self.routing, memory=self.memory
        )
        model.add(edits)
        return model

    def tuned(self, **choice: Any) -> Self:
        """With other fields of ``RoutingSettings`` or ``MemorySettings``; raises ``ConfigError`` for an unknown one."""
        if unknown := set(choice) - set(self.hyperparameters):
            raise ConfigError(f"editor '{self.name}' has no setting {', '.join(sorted(unknown))}")
        values = {**self.hyperparameters, **choice}
        routing = RoutingSettings(**{name: values[name] for name in RoutingSettings.model_fields})
        memory = MemorySettings(**{name: values[name] for name in MemorySettings.model_fields})
        classifier, counterfactual = self.classifier, self.counterfactual
        return type(self)(
            self.base, self.task, classifier=classifier, counterfactual=counterfactual, routing=routing, memory=memory
        )

    @property
    def threshold_name(self) -> str | None:
        """``threshold``, unless the two models' answers are mixed (soft)."""
        return "threshold" if self.routing.mode == "hard" else None

    def save_pretrained(self, folder: Path | str) -> None:
        """Write classifier, counterfactual model and settings; never the base model."""
        content = {"editor": self.name, "routing": self.routing.model_dump(), "memory": self.memory.model_dump()}
        save_parts(folder, self.base, self.classifier, self.counterfactual, content)

    @classmethod
    def from_pretrained(cls, folder: Path | str, base: nn.Module, task: Task) -> Self:
        """Inverse of :meth:`save_pretrained`; raises ``ConfigError`` if the folder is another editor's."""
        content, classifier, counterfactual = load_parts(folder, base, task)
        if content.get("editor") != cls.name:
            raise ConfigError(f"{folder} holds the editor {content.get('editor')!r}, not '{cls.name}'")
        routing, memory = RoutingSettings(**content["routing"]), MemorySettings(**content["memory"])
        return cls(base, task, classifier=classifier, counterfactual=counterfactual, routing=routing, memory=memory)


class SeracEmbed(MemoryEditor):
    """SERAC with an Embed classifier."""

    name = "serac_embed"
    section = SeracSettings
    kind = "embed"


class SeracCross(MemoryEditor):
    """SERAC with a Cross classifier."""

    name = "serac_cross"
    section = SeracSettings
    kind = "cross"

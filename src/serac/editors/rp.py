"""RP, retrieve and prompt: SERAC's retrieval, but the base model itself reads edit and input (section 5)."""

from __future__ import annotations

from typing import Self

from torch import nn

from serac.config.editors import RetrieveAndPromptSettings
from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.editor import MemoryEditor
from serac.editors.serac.saved_parts import prompted
from serac.editors.serac.scope import ScopeClassifier
from serac.tasks.base import Task


class RetrieveAndPrompt(MemoryEditor):
    """SERAC with the base model in the counterfactual model's place."""

    name = "rp"
    section = RetrieveAndPromptSettings

    def __init__(
        self,
        base: nn.Module,
        task: Task,
        *,
        classifier: ScopeClassifier,
        routing: RoutingSettings | None = None,
        memory: MemorySettings | None = None,
    ) -> None:
        super().__init__(
            base,
            task,
            classifier=classifier,
            counterfactual=prompted(base, task),
            routing=routing,
            memory=memory,
        )

    @classmethod
    def _with(
        cls,
        base: nn.Module,
        task: Task,
        classifier: ScopeClassifier,
        counterfactual: CounterfactualModel,
        routing: RoutingSettings,
        memory: MemorySettings,
    ) -> Self:
        return cls(base, task, classifier=classifier, routing=routing, memory=memory)

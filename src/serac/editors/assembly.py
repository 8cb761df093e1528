"""Putting an editor together from its settings and the trained parts it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from torch import nn

from serac.config.editors import EditorSettings, MemoryEditorSettings
from serac.editors.base import Editor
from serac.editors.configured import MatrixEditor
from serac.editors.registry import editor_class
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.scope import ScopeClassifier
from serac.tasks.base import Task, device_of

_SECTION: TypeAdapter[Any] = TypeAdapter(EditorSettings)


def assemble(
    section: dict[str, Any] | Any,
    base: nn.Module,
    task: Task,
    *,
    matrices: Sequence[str] = (),
    scope: Path | None = None,
    counterfactual: Path | None = None,
    weights: Path | None = None,
) -> Editor:
    """The editor of a section of the configuration, ready to edit.

    ``scope``, ``counterfactual`` and ``weights`` are the folders of trained parts, as far as the editor has them;
    ``matrices`` are the weight matrices that some editors change (none: the paper's).
    """
    settings = _SECTION.validate_python(section)
    editor = editor_class(settings.method)
    if weights is not None:
        return editor.from_pretrained(weights, base, task)
    return editor(base, task, **_arguments(editor, settings, base, task, matrices, scope, counterfactual))


def _arguments(
    editor: type[Editor],
    settings: Any,
    base: nn.Module,
    task: Task,
    matrices: Sequence[str],
    scope: Path | None,
    counterfactual: Path | None,
) -> dict[str, Any]:
    if not isinstance(settings, MemoryEditorSettings):
        chosen = {"matrices": matrices} if issubclass(editor, MatrixEditor) else {}
        return {**chosen, **settings.model_dump()}
    parts: dict[str, Any] = {"routing": settings.routing, "memory": settings.memory}
    device = device_of(base)
    if scope is not None:
        parts["classifier"] = ScopeClassifier.from_pretrained(scope).to(device)
    if counterfactual is not None:
        parts["counterfactual"] = CounterfactualModel.from_pretrained(counterfactual, base, task).to(device)
    return parts

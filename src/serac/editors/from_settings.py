"""Assembling an editor from its settings and trained parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from serac.config.editors import MemoryEditorSettings
from serac.editors.base import Editor
from serac.editors.configured_editor import MatrixEditor
from serac.editors.registry import EDITORS
from serac.editors.serac.classifiers import load_classifier
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.tasks.base import Task, device_of


def assemble(
    section: Mapping[str, Any],
    base: nn.Module,
    task: Task,
    *,
    matrices: Sequence[str] = (),
    scope: Path | None = None,
    counterfactual: Path | None = None,
    weights: Path | None = None,
) -> Editor:
    """The editor that a section of the configuration describes, ready to edit.

    ``scope``, ``counterfactual`` and ``weights`` are the folders of the trained parts that the editor has;
    ``matrices`` are the weight matrices that some editors change (none: the paper's).
    """
    editor = EDITORS[section["method"]]
    if weights is not None:
        return editor.from_pretrained(weights, base, task)
    settings = editor.section.model_validate(section)
    if not isinstance(settings, MemoryEditorSettings):
        chosen = {"matrices": matrices} if issubclass(editor, MatrixEditor) else {}
        return editor(base, task, **chosen, **settings.model_dump())
    parts: dict[str, Any] = {"routing": settings.routing, "memory": settings.memory}
    if scope is not None:
        parts["classifier"] = load_classifier(scope).to(device_of(base))
    if counterfactual is not None:
        parts["counterfactual"] = CounterfactualModel.from_pretrained(counterfactual, base, task).to(device_of(base))
    return editor(base, task, **parts)

"""One small editor of every kind on every tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serac.config.serac import ScopeSettings
from serac.editors.base import Editor
from serac.editors.registry import EDITORS, editor_class
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.scope import ScopeClassifier
from tiny_models import Tiny, bert

FIXTURES = ("tiny_t5", "tiny_bert", "tiny_blender")
WITHOUT_DIALOGUE = ("ft", "lu")
CASES = [
    (editor, fixture)
    for editor in EDITORS
    for fixture in FIXTURES
    if not (editor in WITHOUT_DIALOGUE and fixture == "tiny_blender")
]
STRONG: dict[str, dict[str, Any]] = {
    "ft": {"learning_rate": 1e-3, "max_steps": 20},
    "lu": {"threshold": 2.0},
    "enn": {"edit_rate": 0.3, "inner_steps": 2},
    "mend": {"edit_rate": 1e-3, "rank": 8},
    "rp": {"threshold": 0.01},
    "serac_embed": {"threshold": 0.01},
    "serac_cross": {"threshold": 0.01},
}
"""Hyperparameters with which an edit is sure to change something."""
GENTLE: dict[str, dict[str, Any]] = {
    "ft": {},
    "lu": {"threshold": 1e-3},
    "enn": {"edit_rate": 1e-4},
    "mend": {"edit_rate": 1e-7},
    "rp": {"threshold": 1.0},
    "serac_embed": {"threshold": 1.0},
    "serac_cross": {"threshold": 1.0},
}
"""Hyperparameters with which an edit changes little or only its own input."""


def build(name: str, tiny: Tiny, folder: Path, choice: dict[str, Any] | None = None) -> Editor:
    """The editor with untrained parts and the hyperparameters ``choice`` (by default ``STRONG``)."""
    choice = STRONG[name] if choice is None else choice
    if name in ("ft", "lu", "enn", "mend"):
        return editor_class(name)(tiny.model, tiny.task, **choice)
    parts: dict[str, Any] = {"classifier": classifier("cross" if name == "serac_cross" else "embed", folder)}
    if name != "rp":
        parts["counterfactual"] = CounterfactualModel(tiny.model, tiny.task)
    return editor_class(name)(tiny.model, tiny.task, **parts).tuned(**choice)


def classifier(kind: str, folder: Path) -> ScopeClassifier:
    """An untrained scope classifier that finds everything in scope to some degree."""
    encoder = bert()
    encoder.model.base_model.save_pretrained(folder / "encoder")
    encoder.tokenizer.save_pretrained(folder / "encoder")
    settings = ScopeSettings(kind=kind, checkpoint="tiny", scale=0.01, max_length=64)
    return ScopeClassifier.from_checkpoint(folder / "encoder", settings)

"""One small editor of every kind on every tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from serac.config.serac import ScopeSettings
from serac.editors.base import Editor
from serac.editors.registry import EDITORS
from serac.editors.rp import RetrieveAndPrompt
from serac.editors.serac.classifiers import untrained_classifier
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.editor import MemoryEditor
from serac.editors.serac.scope import ScopeClassifier
from serac.editors.serac.training import ScopePairs, scope_pairs
from serac.editors.training_batches import DrawnBatch
from serac.records import Edit, Query
from serac.tasks.losses import balanced_bce
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
    "ft": {"learning_rate": 1e-6},
    "lu": {"threshold": 1e-3},
    "enn": {"edit_rate": 1e-2},
    "mend": {"edit_rate": 1e-4},
    "rp": {"threshold": 0.99},
    "serac_embed": {"threshold": 0.99},
    "serac_cross": {"threshold": 0.99},
}
"""Hyperparameters with which an edit changes little or only its own input; the rates are the reference's."""
MARGIN = 0.5
"""Least difference of log g between pairs in scope and out of scope for a classifier that was taught them."""


def build(name: str, tiny: Tiny, folder: Path, choice: dict[str, Any] | None = None) -> Editor:
    """The editor with untrained parts and the hyperparameters ``choice`` (by default ``STRONG``)."""
    choice, kind = STRONG.get(name, {}) if choice is None else choice, EDITORS[name]
    if not issubclass(kind, MemoryEditor):
        return kind(tiny.model, tiny.task, **choice)
    parts: dict[str, Any] = {"classifier": classifier(kind.kind or "embed", folder)}
    if not issubclass(kind, RetrieveAndPrompt):
        parts["counterfactual"] = CounterfactualModel(tiny.model, tiny.task)
    return kind(tiny.model, tiny.task, **parts).tuned(**choice)


def build_gentle(name: str, tiny: Tiny, folder: Path, edits: list[Edit], others: list[Query]) -> Editor:
    """The editor with ``GENTLE`` hyperparameters, knowing (if it retrieves) that ``others`` are out of scope."""
    editor = build(name, tiny, folder, GENTLE.get(name, {}))
    if not isinstance(editor, MemoryEditor):
        return editor
    own = [Query(edit.input, edit.label, "main") for edit in edits]
    drawn = DrawnBatch(edits, own, list(range(len(own))), others, [])
    return editor.tuned(threshold=teach(editor.classifier, scope_pairs(drawn, use_all_pairs=True, task=tiny.task)))


def teach(classifier: ScopeClassifier, known: ScopePairs, steps: int = 300) -> float:
    """Train until the pairs in scope are told from the others; returns a threshold between the two sorts."""
    classifier.requires_grad_(True)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3)
    for _ in range(steps):
        log_g = classifier.pair_log_similarity(known.pairs)
        inside, outside = log_g[: known.positives].min(), log_g[known.positives :].max()
        if inside - outside > MARGIN:
            return (inside.exp() + outside.exp()).item() / 2
        optimizer.zero_grad()
        balanced_bce(log_g, known.labels).backward()
        optimizer.step()
    raise AssertionError(f"the classifier does not tell the pairs apart after {steps} steps: {inside} {outside}")


def classifier(kind: str, folder: Path) -> ScopeClassifier:
    """An untrained scope classifier that finds everything in scope to some degree."""
    encoder = bert()
    encoder.model.base_model.save_pretrained(folder / "encoder")
    encoder.tokenizer.save_pretrained(folder / "encoder")
    settings = ScopeSettings(kind=kind, checkpoint="tiny", scale=0.01, max_length=64)
    return untrained_classifier(folder / "encoder", settings)

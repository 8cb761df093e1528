"""What editors with a memory share: saving and loading their parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import nn

from serac.editors.serac.classifiers import load_classifier
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.scope import ScopeClassifier
from serac.errors import ConfigError
from serac.tasks.base import Task

CONFIG_FILE = "config.json"


def save_parts(
    folder: Path | str,
    base: nn.Module,
    classifier: ScopeClassifier,
    counterfactual: CounterfactualModel,
    content: dict[str, Any],
) -> None:
    """Write ``content`` to config.json beside the folders ``scope`` and, unless it is the base, ``counterfactual``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    own = counterfactual.model is not base
    (folder / CONFIG_FILE).write_text(json.dumps({**content, "counterfactual": own}, indent=1) + "\n")
    classifier.save_pretrained(folder / "scope")
    if own:
        counterfactual.save_pretrained(folder / "counterfactual")


def load_parts(
    folder: Path | str, base: nn.Module, task: Task
) -> tuple[dict[str, Any], ScopeClassifier, CounterfactualModel]:
    """Inverse of :func:`save_parts`, on the base model's device."""
    file = Path(folder) / CONFIG_FILE
    content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if "counterfactual" not in content:
        raise ConfigError(f"{folder} was not written by an editor with a memory (serac_embed, serac_cross, rp)")
    device = next(base.parameters()).device
    classifier = load_classifier(Path(folder) / "scope").to(device)
    if not content["counterfactual"]:
        return content, classifier, prompted(base, task)
    counterfactual = CounterfactualModel.from_pretrained(Path(folder) / "counterfactual", base, task)
    return content, classifier, counterfactual.to(device)


def prompted(base: nn.Module, task: Task) -> CounterfactualModel:
    """The base model in the counterfactual model's place (RP), reading texts long enough for edit and input."""
    room = getattr(base.config, "max_position_embeddings", None) or getattr(base.config, "n_positions", None)
    length = 3 * task.max_length if room is None else min(room, 3 * task.max_length)
    return CounterfactualModel(base, type(task)(task.tokenizer, length))

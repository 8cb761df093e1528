"""Scope classifiers by kind: untrained ones from a checkpoint, trained ones from their folder."""

from __future__ import annotations

from pathlib import Path

from serac.config.serac import ScopeSettings
from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.scope import SETTINGS_FILE, ScopeClassifier
from serac.errors import ConfigError

CLASSIFIERS: dict[str, type[ScopeClassifier]] = {kind.kind: kind for kind in (EmbedClassifier, CrossClassifier)}


def untrained_classifier(folder: Path | str, settings: ScopeSettings, *, seed: int = 0) -> ScopeClassifier:
    """A classifier of ``settings.kind``; see :meth:`ScopeClassifier.from_checkpoint`."""
    return CLASSIFIERS[settings.kind].from_checkpoint(folder, settings, seed=seed)


def load_classifier(folder: Path | str) -> ScopeClassifier:
    """Inverse of :meth:`ScopeClassifier.save_pretrained`; raises ``ConfigError`` if the folder holds no classifier."""
    file = Path(folder) / SETTINGS_FILE
    if not file.exists():
        raise ConfigError(f"{folder} holds no scope classifier ({SETTINGS_FILE} is missing). Hint: train one first")
    return untrained_classifier(folder, ScopeSettings.model_validate_json(file.read_text(encoding="utf-8")))

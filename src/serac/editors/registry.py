"""Editing methods by name; a line here is all it takes to add one. Modules are imported when asked for."""

from __future__ import annotations

from importlib import import_module

from serac.editors.base import Editor
from serac.errors import ConfigError

EDITORS = {
    "ft": "serac.editors.ft:FineTuning",
    "lu": "serac.editors.lu:Lookup",
    "enn": "serac.editors.enn:EditableNetwork",
    "mend": "serac.editors.mend:Mend",
    "rp": "serac.editors.rp:RetrieveAndPrompt",
    "serac_embed": "serac.editors.serac.editor:SeracEmbed",
    "serac_cross": "serac.editors.serac.editor:SeracCross",
}


def editor_class(name: str) -> type[Editor]:
    """The editor called ``name``; raises ``ConfigError`` for an unknown name."""
    if name not in EDITORS:
        raise ConfigError(f"unknown editor {name!r}; choose one of {', '.join(EDITORS)}")
    module, attribute = EDITORS[name].split(":")
    return getattr(import_module(module), attribute)

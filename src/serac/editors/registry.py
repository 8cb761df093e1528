"""Editing methods by name; a line here, or an entry point of an installed package, is all it takes to add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serac.registry import Registry

if TYPE_CHECKING:
    from serac.editors.base import Editor

EDITORS: Registry[type[Editor]] = Registry(
    "editor",
    "serac.editors",
    {
        "ft": "serac.editors.ft:FineTuning",
        "lu": "serac.editors.lu:Lookup",
        "enn": "serac.editors.enn:EditableNetwork",
        "mend": "serac.editors.mend:Mend",
        "rp": "serac.editors.rp:RetrieveAndPrompt",
        "serac_embed": "serac.editors.serac.editor:SeracEmbed",
        "serac_cross": "serac.editors.serac.editor:SeracCross",
    },
)

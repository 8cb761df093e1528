"""Editors: they apply edits to a base model and return the edited model.

These names are public; the modules that hold them may change. Each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serac._exports import exported

if TYPE_CHECKING:
    from serac.editors.base import EditedModel as EditedModel
    from serac.editors.base import Editor as Editor
    from serac.editors.enn import EditableNetwork as EditableNetwork
    from serac.editors.from_settings import assemble as assemble
    from serac.editors.ft import FineTuning as FineTuning
    from serac.editors.lu import Lookup as Lookup
    from serac.editors.mend import Mend as Mend
    from serac.editors.registry import EDITORS as EDITORS
    from serac.editors.rp import RetrieveAndPrompt as RetrieveAndPrompt
    from serac.editors.serac.classifiers import load_classifier as load_classifier
    from serac.editors.serac.classifiers import untrained_classifier as untrained_classifier
    from serac.editors.serac.counterfactual import CounterfactualModel as CounterfactualModel
    from serac.editors.serac.editor import SeracCross as SeracCross
    from serac.editors.serac.editor import SeracEmbed as SeracEmbed
    from serac.editors.serac.memory import EditMemory as EditMemory
    from serac.editors.serac.model import SeracModel as SeracModel
    from serac.editors.serac.scope import ScopeClassifier as ScopeClassifier

__all__ = [
    "EDITORS",
    "CounterfactualModel",
    "EditMemory",
    "EditableNetwork",
    "EditedModel",
    "Editor",
    "FineTuning",
    "Lookup",
    "Mend",
    "RetrieveAndPrompt",
    "ScopeClassifier",
    "SeracCross",
    "SeracEmbed",
    "SeracModel",
    "assemble",
    "load_classifier",
    "untrained_classifier",
]
__getattr__, __dir__ = exported(
    __name__,
    {
        "from_settings": ("assemble",),
        "base": (
            "Editor",
            "EditedModel",
        ),
        "enn": ("EditableNetwork",),
        "ft": ("FineTuning",),
        "lu": ("Lookup",),
        "mend": ("Mend",),
        "registry": ("EDITORS",),
        "rp": ("RetrieveAndPrompt",),
        "serac.classifiers": (
            "load_classifier",
            "untrained_classifier",
        ),
        "serac.counterfactual": ("CounterfactualModel",),
        "serac.editor": (
            "SeracEmbed",
            "SeracCross",
        ),
        "serac.memory": ("EditMemory",),
        "serac.model": ("SeracModel",),
        "serac.scope": ("ScopeClassifier",),
    },
)

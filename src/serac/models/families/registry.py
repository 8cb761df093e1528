"""All model families by name; a line here, or an entry point of an installed package, is all it takes to add one."""

from __future__ import annotations

from serac.models.families.family import Family
from serac.registry import Registry

FAMILIES: Registry[Family] = Registry(
    "model family",
    "serac.families",
    {
        "t5": "serac.models.families.t5:FAMILY",
        "bart": "serac.models.families.bart:FAMILY",
        "blenderbot-small": "serac.models.families.blenderbot_small:FAMILY",
        "bert": "serac.models.families.bert:FAMILY",
        "distilbert": "serac.models.families.distilbert:FAMILY",
        "gpt2": "serac.models.families.gpt2:FAMILY",
        "llama": "serac.models.families.llama:FAMILY",
        "qwen2": "serac.models.families.qwen2:FAMILY",
        "gemma3": "serac.models.families.gemma3:FAMILY",
    },
)


def family_of(model_type: str) -> Family | None:
    """The family of models whose configuration has this ``model_type``; None if it is unknown."""
    return next((family for family in FAMILIES.values() if model_type in family.model_types), None)

"""RP, retrieve and prompt: SERAC's retrieval, but the base model itself reads edit and input (section 5)."""

from __future__ import annotations

from serac.config.editors import RetrieveAndPromptSettings
from serac.editors.serac.editor import MemoryEditor


class RetrieveAndPrompt(MemoryEditor):
    """SERAC with the base model in the counterfactual model's place."""

    name = "rp"
    section = RetrieveAndPromptSettings

"""Base of every configuration section: strict and frozen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

COMMIT = r"^[0-9a-f]{40}$"
"""A commit as the hub takes it: whole, because it does not find one by its first digits."""


class Section(BaseModel):
    """Unknown keys are errors; values do not change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

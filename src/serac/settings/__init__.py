"""The whole configuration of a scenario: its sections, and what they must agree on."""

from serac.settings.composed import Settings, load, validate

__all__ = ["Settings", "load", "validate"]

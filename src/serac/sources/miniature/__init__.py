"""The generated miniature world: raw files in the native formats of the paper's sources."""

from __future__ import annotations

from serac.sources.miniature.world import generate_world

__all__ = ["generate_world"]

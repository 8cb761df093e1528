"""BlenderBot-small (Roller et al. 2021): dialogue models with BART's layers."""

from __future__ import annotations

from dataclasses import replace

from serac.models.families import bart

FAMILY = replace(
    bart.FAMILY,
    config="BlenderbotSmallConfig",
    model="BlenderbotSmallForConditionalGeneration",
    model_types=("blenderbot-small", "blenderbot"),
    tasks=("dialogue",),
    positions=512,
)

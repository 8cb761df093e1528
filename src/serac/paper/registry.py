"""All items in the order of the report; a line here, or an entry point of an installed package, adds one."""

from __future__ import annotations

from typing import Any

from serac.paper.item import Item
from serac.registry import Registry

ITEMS: Registry[Item[Any]] = Registry(
    "item",
    "serac.items",
    {
        "overview": "serac.paper.items.overview:ITEM",
        "examples": "serac.paper.items.examples:ITEM",
        "main": "serac.paper.items.main:ITEM",
        "training_time": "serac.paper.items.training_time:ITEM",
        "batched_edits": "serac.paper.items.batched_edits:ITEM",
        "base_models": "serac.paper.items.base_models:ITEM",
        "cost": "serac.paper.items.cost:ITEM",
        "components": "serac.paper.items.components:ITEM",
        "scope_classifier": "serac.paper.items.scope_classifier:ITEM",
        "edit_scope": "serac.paper.items.edit_scope:ITEM",
        "errors": "serac.paper.items.errors:ITEM",
        "sequential_edits": "serac.paper.items.sequential_edits:ITEM",
        "threshold": "serac.paper.items.threshold:ITEM",
        "per_kind": "serac.paper.items.per_kind:ITEM",
        "facts": "serac.paper.items.facts:ITEM",
        "knowledge": "serac.paper.items.knowledge:ITEM",
        "training_curves": "serac.paper.items.training_curves:ITEM",
        "memory_scaling": "serac.paper.items.memory_scaling:ITEM",
        "large_memory": "serac.paper.items.large_memory:ITEM",
        "real_text": "serac.paper.items.real_text:ITEM",
        "rules": "serac.workflow.run_cost:ITEM",
    },
)

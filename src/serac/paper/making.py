"""Making one item of a finished run, and the record of what it shows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serac.config.evaluation import BootstrapSettings
from serac.paper.item import Cell, Data, Item, Scenario
from serac.paper.verdicts import overall


def parameters(item: Item[Any], settings: Any, scenario: Scenario, bootstrap: BootstrapSettings) -> dict[str, Any]:
    """Plain values that an item depends on besides its inputs, for the parameters of its rule."""
    return {
        "settings": settings.model_dump(mode="json"),
        "cells": [asdict(cell) for cell in item.cells(settings, scenario) or ()],
        "seed": scenario.paper.seed,
        "bootstrap": bootstrap.model_dump(mode="json"),
        "caption": item.caption(settings, scenario),
    }


def data_of(item: Item[Any], values: Mapping[str, Any], files: Collection[str], rules: Sequence[str] = ()) -> Data[Any]:
    """The item's data: ``values`` from :func:`parameters`, and ``files``, the cells that the run has."""
    cells = [Cell(**cell) for cell in values["cells"]]
    known = cells if item.about_run else [cell for cell in cells if cell.file in files]
    return Data(
        settings=item.settings.model_validate(values["settings"]),
        cells=known,
        seed=values["seed"],
        bootstrap=BootstrapSettings(**values["bootstrap"]),
        caption=values["caption"],
        missing=[cell for cell in cells if cell not in known],
        rules=rules,
    )


def make_item(
    name: str, item: Item[Any], data: Data[Any], outputs: Sequence[Path], record: Path, origin: Mapping[str, str]
) -> None:
    """Write the item's files and its record: title, claims with their verdicts, sentences, and where it came from."""
    for path in (*outputs, record):
        path.parent.mkdir(parents=True, exist_ok=True)
    item.make(data, outputs)
    claims = list(item.check(data))
    content = {
        "name": name,
        "form": item.form,
        "title": item.title,
        "category": item.category,
        "claim": item.claim,
        "caption": data.caption + data.note(),
        "shows": item.shows(data),
        "claims": [asdict(claim) for claim in claims],
        "verdict": overall(claims),
        "origin": dict(origin),
    }
    record.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

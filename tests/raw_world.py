"""How tests read files of the generated world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPLITS = ("train", "dev", "test")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

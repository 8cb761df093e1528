"""Write docs/sources.md: ``python -m serac.sources`` (``make config``)."""

from __future__ import annotations

from pathlib import Path

from serac.settings import load
from serac.sources.table import DOCUMENT, document

SCENARIO = (Path("config/config.yaml"), Path("config/paper.yaml"))

if __name__ == "__main__":
    DOCUMENT.write_text(document(load(*SCENARIO)), encoding="utf-8")
    print(f"wrote {DOCUMENT}")

"""Write the generated pages of docs/, except the configuration: ``python -m serac.workflow.documents``.

With further configuration files, merged on top, it prints their cost instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from serac.paper import ledger
from serac.settings import load
from serac.workflow import cost_document, differences_document, sources_document

DEFAULT, PAPER = Path("config/config.yaml"), Path("config/paper.yaml")

if __name__ == "__main__":
    if sys.argv[1:]:
        print(cost_document.document(PAPER, *map(Path, sys.argv[1:])))
    else:
        for path, text in (
            (sources_document.DOCUMENT, sources_document.document(load(DEFAULT, PAPER))),
            (cost_document.DOCUMENT, cost_document.document(PAPER)),
            (differences_document.DOCUMENT, differences_document.document(PAPER)),
            (ledger.DOCUMENT, ledger.document(ledger.read_ledger())),
        ):
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")

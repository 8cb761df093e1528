"""Write the generated pages of docs/, but for the configuration: ``python -m serac.workflow.documents``.

With further configuration files, merged on top, what they cost is printed instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from serac.paper import ledger
from serac.settings import load
from serac.workflow import cost_document, sources_document

SCENARIO = (Path("config/config.yaml"), Path("config/paper.yaml"))

if __name__ == "__main__":
    settings = load(*SCENARIO, *sys.argv[1:])
    if sys.argv[1:]:
        print(cost_document.document(settings))
    else:
        for generated in (sources_document, cost_document):
            generated.DOCUMENT.write_text(generated.document(settings), encoding="utf-8")
            print(f"wrote {generated.DOCUMENT}")
        ledger.DOCUMENT.write_text(ledger.document(ledger.read_ledger()), encoding="utf-8")
        print(f"wrote {ledger.DOCUMENT}")

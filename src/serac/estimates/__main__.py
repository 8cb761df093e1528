"""What the paper's scale costs: ``python -m serac.estimates`` writes docs/paper-cost.md (``make config``).

With further configuration files, merged on top, the document for them is printed instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from serac.estimates.table import DOCUMENT, document
from serac.settings import load

SCENARIO = (Path("config/config.yaml"), Path("config/paper.yaml"))

if __name__ == "__main__":
    text = document(load(*SCENARIO, *sys.argv[1:]))
    if sys.argv[1:]:
        print(text)
    else:
        DOCUMENT.write_text(text, encoding="utf-8")
        print(f"wrote {DOCUMENT}")

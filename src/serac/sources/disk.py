"""Checking for free disk space before something large is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from serac.errors import RetrievalError

_RESERVE = 200e6
"""Bytes that must stay free."""


def require_space(folder: Path, size: float, what: str) -> None:
    """Raise ``RetrievalError`` unless ``size`` bytes fit on the disk of ``folder``, which is created."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size + _RESERVE > free:
        raise RetrievalError(
            f"{what} needs {size / 1e9:.2f} GB (and {_RESERVE / 1e9:.1f} GB to spare), but {folder} has "
            f"{free / 1e9:.2f} GB free. Hint: free disk space, or run in a folder on a larger disk (snakemake "
            "--directory)"
        )

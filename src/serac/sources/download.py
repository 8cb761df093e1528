"""Downloading one raw file."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from pathlib import Path

from serac.errors import MissingSourceError

_TIMEOUT = 60


def download(address: str, target: Path) -> None:
    """Write what ``address`` delivers to ``target``; a partial file never takes the target's place.

    Raises ``MissingSourceError`` if the address cannot be reached.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer, partial.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise MissingSourceError(
            f"cannot retrieve {address}: {error}. Hint: on a machine without internet set the source's origin to "
            "'local' and 'path' to a folder that holds its files"
        ) from error
    partial.replace(target)

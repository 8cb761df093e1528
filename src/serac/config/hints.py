"""Hints that end error messages about names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known key, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Hint: did you mean '{close[0]}'?" if close else f"Hint: known are {', '.join(names)}."

"""Functions that tell of their calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def noting(note: Callable[..., object], function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, which hands its arguments to ``note`` first."""

    def noted(*arguments: Any, **named: Any) -> Any:
        note(*arguments, **named)
        return function(*arguments, **named)

    return noted

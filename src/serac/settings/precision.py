"""Whether this machine computes in the number formats that a configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serac.settings.composed import Settings

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of processors (x86 and ARM) that multiply matrices in bfloat16."""
SLOWDOWN = 47
"""Measured on an AVX2 processor: a product of [1600, 384] and [384, 1536] takes 1.58 s instead of 0.034 s."""


def emulated_bfloat16(settings: Settings, cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """A warning if the run computes in bfloat16 on a CPU that only emulates it; otherwise, or if unknown, None."""
    keys = [".".join(path) for path in _bfloat16(settings.model_dump())]
    if settings.run.device != "cpu" or not keys or not cpuinfo.is_file():
        return None
    flags = {flag for line in cpuinfo.read_text().splitlines() if _lists_flags(line) for flag in line.split()}
    if not flags or flags & BFLOAT16_FLAGS:
        return None
    shown = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    return (
        f"{shown}: this CPU emulates bfloat16, about {SLOWDOWN} times slower than float32. "
        "Hint: set precision to float32, or run.device to cuda"
    )


def _lists_flags(line: str) -> bool:
    return line.lower().startswith(("flags", "features"))


def _bfloat16(section: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in section.items():
        if value == "bfloat16":
            yield (*path, str(key))
        elif isinstance(value, Mapping):
            yield from _bfloat16(value, (*path, str(key)))

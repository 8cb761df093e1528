"""The file of an edit memory: written in one step, checked whole when it is read."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, StrictInt, StrictStr, ValidationError, model_validator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from serac.config.section import Section
from serac.config.serac import MemorySettings
from serac.errors import ConfigError, SeracError

VECTORS = ("rows", "norms")


class MemoryContent(Section):
    """All of a memory but its vectors; ``extra`` belongs to whoever keeps the memory."""

    classifier: StrictStr
    settings: MemorySettings
    next_id: StrictInt
    ids: list[StrictInt]
    inputs: list[StrictStr]
    labels: list[StrictStr]
    extra: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> MemoryContent:
        if not len(self.ids) == len(self.inputs) == len(self.labels):
            raise ValueError(f"it has {len(self.ids)} ids, {len(self.inputs)} inputs and {len(self.labels)} labels")
        if len(set(self.ids)) < len(self.ids):
            raise ValueError("two edits have the same id")
        if self.ids and not (min(self.ids) >= 0 and max(self.ids) < self.next_id):
            raise ValueError(f"an id lies outside 0 to {self.next_id - 1}")
        return self


def write_memory(file: Path, content: MemoryContent, rows: Tensor, norms: Tensor) -> None:
    """Write a memory beside ``file``, then put it in its place: killed at any moment, one of the two is there whole.

    ``rows`` float32 [n, heads, width], ``norms`` float32 [heads, n]. Raises ``SeracError`` if it cannot be written.
    """
    text = bytearray(content.model_dump_json(), encoding="utf-8")
    tensors = {"rows": rows.contiguous(), "norms": norms.contiguous(), "content": _as_tensor(text)}
    metadata = {name: _checksum(tensor) for name, tensor in tensors.items()}
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, part, metadata=metadata)
        _to_disk(part)
        part.replace(file)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        kept = "; the older one is kept" if file.exists() else ""
        raise SeracError(
            f"{file}: cannot write the edit memory ({error}){kept}. Hint: free some space or choose another folder"
        ) from error


def read_memory(file: Path, device: torch.device) -> tuple[MemoryContent, Tensor, Tensor]:
    """Content, rows [n, heads, width] and norms [heads, n] of a memory; on the CPU the vectors stay mapped.

    Raises ``ConfigError`` if the file is missing or damaged.
    """
    if not file.exists():
        raise ConfigError(f"{file.parent} holds no edit memory ({file.name} is missing)")
    try:
        with safe_open(file, framework="pt", device=str(device)) as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in ("content", *VECTORS)}
        changed = [name for name, tensor in tensors.items() if metadata.get(name) != _checksum(tensor)]
        if changed:
            raise ValueError(f"the checksum of its {' and '.join(changed)} differs")
        content = MemoryContent.model_validate_json(tensors["content"].cpu().numpy().tobytes())
        rows, norms = _vectors(tensors)
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise ConfigError(
            f"{file} is damaged ({_first_line(error)}). Hint: restore it from a copy, or add the edits anew"
        ) from error
    return content, rows, norms


def _vectors(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    rows, norms = (tensors[name] for name in VECTORS)
    if rows.dtype != torch.float32 or norms.dtype != torch.float32 or rows.dim() != 3:
        raise ValueError("its vectors have another type or shape")
    if norms.shape != (rows.shape[1], rows.shape[0]):
        raise ValueError(f"it has {list(rows.shape)} vectors, but {list(norms.shape)} norms")
    return rows, norms


def _as_tensor(text: bytearray) -> Tensor:
    return torch.frombuffer(text, dtype=torch.uint8)


def _checksum(tensor: Tensor) -> str:
    described = f"{tensor.dtype}{list(tensor.shape)}".encode()
    values = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data
    return f"{zlib.crc32(values, zlib.crc32(described)):08x}"


def _to_disk(file: Path) -> None:
    """Wait until the file's bytes are on the disk: a replaced name must not outlive them at a power cut."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _first_line(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
    return next(iter(str(error).splitlines()), type(error).__name__)

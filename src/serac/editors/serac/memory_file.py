"""Files of an edit memory: each is written in one step and checked whole when it is read.

The first, ``memory.safetensors``, holds the memory; ``memory-1.safetensors``, ``memory-2.safetensors``, ... what came
after it, so that saving a large memory again writes only what is new. Each names the checksum of the one before it: a
file that an interrupted save left behind continues no other and is passed over.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, StrictInt, StrictStr, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from serac.config.section import Section
from serac.config.serac import MemorySettings
from serac.errors import ConfigError, SeracError
from serac.file_bytes import flush

FILE = "memory.safetensors"
TENSORS = ("content", "ids", "removed", "texts", "ends", "rows", "norms")
_CHUNK = 2**22


class MemoryContent(Section):
    """What a file of a memory holds beside edits and vectors; ``extra`` belongs to whoever keeps the memory."""

    classifier: StrictStr
    settings: MemorySettings
    next_id: StrictInt = Field(ge=0)
    after: StrictStr = ""
    """Checksum of the file that this one continues."""
    extra: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """One file: edits of consecutive slots.

    ``ids`` int64 [m] with -1 for slots without an edit, ``removed`` int64 of earlier edits that are no more, ``texts``
    uint8 with ``ends`` int64 [2m] of each input and label, ``rows`` [m, heads, width] and ``norms`` float32 [heads, m]
    (m = 0 where the memory keeps no vectors).
    """

    content: MemoryContent
    ids: Tensor
    removed: Tensor
    texts: Tensor
    ends: Tensor
    rows: Tensor
    norms: Tensor
    checksum: str = ""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` if the parts do not belong together."""
        for name, dtype in (
            ("ids", torch.int64),
            ("removed", torch.int64),
            ("ends", torch.int64),
            ("texts", torch.uint8),
        ):
            if getattr(self, name).dtype != dtype or getattr(self, name).dim() != 1:
                raise ValueError(f"its {name} have another type or shape")
        if self.rows.dtype not in (torch.float32, torch.float16) or self.norms.dtype != torch.float32:
            raise ValueError("its vectors have another type")
        if self.rows.dim() != 3 or self.norms.shape != (self.rows.shape[1], self.rows.shape[0]):
            raise ValueError(f"it has {list(self.rows.shape)} vectors, but {list(self.norms.shape)} norms")
        if len(self.ends) != 2 * len(self.ids):
            raise ValueError(f"it has {len(self.ids)} ids, but {len(self.ends)} texts")
        if len(self.rows) not in (0, len(self.ids)):
            raise ValueError(f"it has {len(self.ids)} edits, but {len(self.rows)} vectors")
        ids, ends = self.ids.numpy(), self.ends.numpy()
        live = ids[ids != -1]
        if len(np.unique(live)) < len(live):
            raise ValueError("two edits have the same id")
        if len(live) and not (live.min() >= 0 and live.max() < self.content.next_id):
            raise ValueError(f"an id lies outside 0 to {self.content.next_id - 1}")
        if (np.diff(ends, prepend=0) < 0).any() or (ends[-1] if len(ends) else 0) != len(self.texts):
            raise ValueError("its texts do not end where it says")


def segment_file(folder: Path, number: int) -> Path:
    """The file of the first (0) or a later segment."""
    return folder / FILE if number == 0 else folder / f"memory-{number}.safetensors"


def write_segment(file: Path, segment: Segment) -> str:
    """Write a file and return its checksum; raises ``SeracError`` if it cannot be written."""
    text = bytearray(segment.content.model_dump_json(), encoding="utf-8")
    tensors = {name: getattr(segment, name).contiguous().cpu() for name in TENSORS[1:]}
    tensors["content"] = torch.frombuffer(text, dtype=torch.uint8)
    metadata = {name: _checksum(tensor) for name, tensor in tensors.items()}
    with in_one_step(file) as part:
        save_file(tensors, part, metadata=metadata)
    return _combined(metadata)


@contextmanager
def in_one_step(file: Path) -> Iterator[Path]:
    """A file beside ``file`` to write to, which then replaces it: killed at any moment, one of the two is there whole.

    Raises ``SeracError`` if it cannot be written.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield part
        flush(part)
        part.replace(file)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        kept = "; the older one is kept" if file.exists() else ""
        raise SeracError(
            f"{file}: cannot write the edit memory ({error}){kept}. Hint: free some space or choose another folder"
        ) from error


def read_segments(folder: Path, device: torch.device) -> list[Segment]:
    """All files of the memory in ``folder``, at least one; on the CPU they stay mapped.

    Raises ``ConfigError`` if there is none or a damaged one.
    """
    if not (folder / FILE).exists():
        raise ConfigError(f"{folder} holds no edit memory ({FILE} is missing)")
    found = [_read(folder / FILE, device)]
    while (file := segment_file(folder, len(found))).exists():
        following = _read(file, device)
        if following.content.after != found[-1].checksum:
            break
        found.append(following)
    return found


def read_content(folder: Path) -> MemoryContent:
    """Settings and ``extra`` of a memory; raises as :func:`read_segments`."""
    return read_segments(folder, torch.device("cpu"))[-1].content


def checksum_of(file: Path) -> str:
    """What :func:`write_segment` returned, by the file's head alone; empty if there is no such file."""
    try:
        with safe_open(file, framework="pt") as opened:
            return _combined(opened.metadata() or {})
    except (OSError, SafetensorError):
        return ""


def _read(file: Path, device: torch.device) -> Segment:
    try:
        with safe_open(file, framework="pt", device=str(device)) as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in TENSORS}
        _compare(file, tensors, metadata)
        content = MemoryContent.model_validate_json(tensors.pop("content").cpu().numpy().tobytes())
        lists = {name: tensors.pop(name).cpu() for name in TENSORS[1:5]}
        return Segment(content, **lists, **tensors, checksum=_combined(metadata))
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        raise ConfigError(
            f"{file} is damaged ({_first_line(error)}). Hint: restore it from a copy, or add the edits anew"
        ) from error


def _compare(file: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Compare with the checksums what lies on the disk, without holding more than a little of it."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(length))
        changed = []
        for name, tensor in tensors.items():
            start, end = header[name]["data_offsets"]
            opened.seek(8 + length + start)
            value = zlib.crc32(_described(tensor))
            for rest in range(end - start, 0, -_CHUNK):
                value = zlib.crc32(opened.read(min(rest, _CHUNK)), value)
            if metadata.get(name) != f"{value:08x}":
                changed.append(name)
    if changed:
        raise ValueError(f"the checksum of its {' and '.join(changed)} differs")


def _checksum(tensor: Tensor) -> str:
    values = tensor.detach().numpy().reshape(-1).view(np.uint8).data
    return f"{zlib.crc32(values, zlib.crc32(_described(tensor))):08x}"


def _described(tensor: Tensor) -> bytes:
    return f"{tensor.dtype}{list(tensor.shape)}".encode()


def _combined(metadata: dict[str, str]) -> str:
    return "".join(metadata.get(name, "") for name in TENSORS)


def _first_line(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
    return next(iter(str(error).splitlines()), type(error).__name__)

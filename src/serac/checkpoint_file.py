"""The file that an interrupted training resumes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from serac.file_bytes import flush


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Written next to the last one, synced to disk, then renamed: a job may be killed at any moment."""
    partial = path.with_suffix(".partial")
    save_file(_contiguous(tensors), partial, metadata={"state": json.dumps(state)})
    flush(partial)
    partial.replace(path)
    flush(path.parent)


def saved_state(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint records about its run: ``step``, ``seconds``, ``history``, ..."""
    with safe_open(checkpoint, "pt") as file:
        state: dict[str, Any] = json.loads(file.metadata()["state"])
    return state


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        result[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())
    return result

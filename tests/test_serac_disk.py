"""The edit memory on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import serac_parts
from serac.config.serac import MemorySettings
from serac.editors.serac import edit_columns, memory_file
from serac.editors.serac.memory import FILE, EditMemory
from serac.errors import ConfigError
from serac.records import Edit
from serac_parts import EDITS, assert_same
from spies import noting


@pytest.mark.parametrize("kind", serac_parts.KINDS)
@pytest.mark.parametrize("candidates", [None, 3])
def test_saved_memory_is_the_same(kind: str, candidates: int | None, tmp_path: Path) -> None:
    memory = EditMemory(serac_parts.classifier(kind), MemorySettings(candidates=candidates))
    memory.add(EDITS)
    memory.remove([0, 5, 9])
    memory.save_pretrained(tmp_path)
    loaded = EditMemory.from_pretrained(tmp_path, memory.classifier)
    assert loaded.ids == memory.ids
    assert loaded.settings == memory.settings
    assert_same(loaded, memory)
    assert loaded.add(EDITS[:1]) == [len(EDITS)]
    loaded.replace(1, EDITS[0])
    assert_same(EditMemory.from_pretrained(tmp_path, memory.classifier), memory)


def test_memory_of_another_classifier_is_refused(tmp_path: Path) -> None:
    memory = EditMemory(serac_parts.embed())
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="another scope classifier"):
        EditMemory.from_pretrained(tmp_path, serac_parts.embed(heads=2))
    with pytest.raises(ConfigError, match="another scope classifier"):
        EditMemory.from_pretrained(tmp_path, serac_parts.cross())
    with pytest.raises(ConfigError, match="no edit memory"):
        EditMemory.from_pretrained(tmp_path / "nothing", memory.classifier)


def test_loading_builds_no_edit_and_reads_no_vector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = EditMemory(serac_parts.embed())
    memory.add([Edit(f"where was number {number} born ?", "rome") for number in range(2000)], torch.randn(2000, 32))
    memory.save_pretrained(tmp_path)
    built: list[tuple[str, str]] = []
    monkeypatch.setattr(edit_columns, "Edit", noting(lambda *pair: built.append(pair), Edit))
    loaded = EditMemory.from_pretrained(tmp_path, memory.classifier)
    assert (len(loaded), built) == (2000, [])
    assert loaded.edit(1999) == Edit("where was number 1999 born ?", "rome")
    assert len(built) == 1
    if sys.platform == "linux":
        assert str(tmp_path / "memory.safetensors") in Path("/proc/self/maps").read_text()
    assert_same(loaded, memory)


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_memory_is_saved_where_it_was_loaded_from(kind: str, tmp_path: Path) -> None:
    memory = EditMemory(serac_parts.classifier(kind))
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    loaded = EditMemory.from_pretrained(tmp_path, memory.classifier)
    for changed in (memory, loaded):
        changed.remove([0, 7])
        changed.replace(3, EDITS[0])
    loaded.save_pretrained(tmp_path)
    assert_same(loaded, memory)
    assert_same(EditMemory.from_pretrained(tmp_path, memory.classifier), memory)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["memory.safetensors"]


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_killed_while_saving_the_older_memory_is_there(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = EditMemory(serac_parts.classifier(kind))
    memory.add(EDITS[:5])
    memory.save_pretrained(tmp_path)
    older = EditMemory.from_pretrained(tmp_path, memory.classifier)

    def killed(tensors: dict[str, Any], file: Path, metadata: dict[str, str]) -> None:
        save_file(tensors, file, metadata)
        raise KeyboardInterrupt

    memory.remove([0])
    memory.add(EDITS[5:])
    with monkeypatch.context() as patch:
        patch.setattr(memory_file, "save_file", killed)
        with pytest.raises(KeyboardInterrupt):
            memory.save_pretrained(tmp_path)
    assert_same(EditMemory.from_pretrained(tmp_path, memory.classifier), older)
    memory.save_pretrained(tmp_path)
    assert_same(EditMemory.from_pretrained(tmp_path, memory.classifier), memory)
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    memory = EditMemory(serac_parts.embed())
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    file = tmp_path / FILE
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="is damaged"):
        EditMemory.from_pretrained(tmp_path, memory.classifier)
    file.write_bytes(whole)
    tensors = load_file(file)
    save_file({**tensors, "rows": tensors["rows"][1:].clone()}, tmp_path / "other")
    (tmp_path / "other").replace(file)
    with pytest.raises(ConfigError, match=r"is damaged .the checksum of its content and rows and norms differs"):
        EditMemory.from_pretrained(tmp_path, memory.classifier)

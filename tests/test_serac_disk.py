"""The edit memory on disk."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import serac_parts
from serac.config.serac import MemorySettings
from serac.editors.serac import edit_columns, embedded_store, memory_file
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.memory_file import FILE
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
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    save_file({**tensors, "rows": tensors["rows"] + 1, "norms": tensors["norms"] + 1}, tmp_path / "other", metadata)
    (tmp_path / "other").replace(file)
    with pytest.raises(ConfigError, match=r"is damaged .the checksum of its rows and norms differs"):
        EditMemory.from_pretrained(tmp_path, memory.classifier)


@pytest.mark.parametrize("kind", serac_parts.KINDS)
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(("add", "remove", "replace", "save", "killed")), st.integers(0, 99))))
def test_large_memories_are_saved_piece_by_piece(kind: str, changes: list[tuple[str, int]]) -> None:
    """After every save, and every save that is killed, the folder holds what was saved last."""
    classifier = serac_parts.classifier(kind)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded_store, "SMALL", 8)
        memory, saved = EditMemory(classifier, MemorySettings(candidates=3)), dict[int, Edit]()
        memory.add(EDITS)
        for change, drawn in [*changes, ("save", 0)]:
            ids = memory.ids
            if change == "add":
                memory.add([EDITS[drawn % len(EDITS)]] * (drawn % 4))
            elif change == "remove" and ids:
                memory.remove([ids[drawn % len(ids)]])
            elif change == "replace" and ids:
                memory.replace(ids[drawn % len(ids)], EDITS[drawn % len(EDITS)])
            elif change == "killed" and saved:
                with pytest.MonkeyPatch.context() as killing:
                    killing.setattr(memory_file, "save_file", _killed)
                    with pytest.raises(KeyboardInterrupt):
                        memory.save_pretrained(folder)
                assert _edits(EditMemory.from_pretrained(folder, classifier)) == saved
                if drawn % 2:
                    memory = EditMemory.from_pretrained(folder, classifier)
            elif change == "save":
                memory.save_pretrained(folder)
                saved = _edits(memory)
                opened = EditMemory.from_pretrained(folder, classifier)
                assert _edits(opened) == saved
                if drawn % 2:
                    memory = opened
        assert_same(EditMemory.from_pretrained(folder, classifier), memory)


def _killed(tensors: dict[str, Any], file: Path, metadata: dict[str, str]) -> None:
    raise KeyboardInterrupt


def _edits(memory: EditMemory) -> dict[int, Edit]:
    return {id: memory.edit(id) for id in memory.ids}


def test_a_save_writes_what_is_new_and_skips_what_a_kill_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_store, "SMALL", 8)
    memory = EditMemory(serac_parts.embed())
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    first = (tmp_path / FILE).read_bytes()
    memory.add(EDITS[:3])
    memory.remove([1])
    memory.save_pretrained(tmp_path)
    assert (tmp_path / FILE).read_bytes() == first
    second = (tmp_path / "memory-1.safetensors").read_bytes()
    assert len(second) < len(first) / 3
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [FILE], "files that are no more than twice as large are joined"
    (tmp_path / "memory-1.safetensors").write_bytes(second)
    assert _edits(EditMemory.from_pretrained(tmp_path, memory.classifier)) == _edits(memory)
    other = EditMemory.from_pretrained(tmp_path, memory.classifier)
    for changed, id in ((memory, 2), (other, 3)):
        changed.remove([id])
        changed.save_pretrained(tmp_path)
        assert _edits(EditMemory.from_pretrained(tmp_path, memory.classifier)) == _edits(changed)

"""Vectors of the edit memory: exact and approximate search, other devices, precisions and modes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import serac_parts
from serac.config.serac import MemorySettings
from serac.editors.serac import approximate_index, embedded_store, vector_store
from serac.editors.serac.approximate_index import ApproximateIndex
from serac.editors.serac.embedded_store import EmbeddedStore
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.vector_store import VectorStore
from serac.records import Edit
from serac_parts import EDITS, TEXTS, WIDTH, assert_same, store_of
from spies import noting


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 9), st.integers(0, 2**16))
def test_nearest_rows_are_exact_in_blocks(rows: int, heads: int, count: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    store = VectorStore(MemorySettings(chunk_megabytes=4 * 5 * 7 / 2**20), heads, 3)  # blocks of 7 rows
    data, queries = (torch.randn(n, 3 * heads, generator=generator) for n in (rows, 5))
    for part in data.split(11):
        store.append(part)
    distances = (queries.view(5, 1, heads, 3) - data.view(1, rows, heads, 3)).square().sum(-1).amin(-1)
    found = store.squared_distances(queries, store.nearest(queries, count))
    torch.testing.assert_close(found.sort(1).values, distances.sort(1).values[:, :count])


@pytest.mark.parametrize("heads", [1, 2])
def test_approximate_search_recalls_the_exact_result(heads: int) -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(50, 32, generator=generator)
    data = centres[torch.randint(50, (3000,), generator=generator)] + 0.5 * torch.randn(3000, 32, generator=generator)
    queries = data[::10] + 0.1 * torch.randn(300, 32, generator=generator)
    exact, near = (
        EmbeddedStore(MemorySettings(approximate_above=limit, probes=8), heads, 32 // heads) for limit in (None, 1000)
    )
    edit = Edit("what ?", "that")
    for store in (exact, near):
        store.add([edit] * 2000, data[:2000])
        store.nearest(queries, 1)
        store.add([edit] * 1000, data[2000:])
        store.replace(3, edit, data[5:6] + 1)
        store.remove([0, 100, 2500])
    best = exact.nearest(queries, 1)[0]
    found, ids = near.nearest(queries, 8)
    assert (found.amin(1, keepdim=True) <= best + 1e-5).float().mean() >= 0.95
    assert not torch.isin(ids, torch.tensor([0, 100, 2500])).any()


def test_approximate_memory_below_its_size_is_exact() -> None:
    memory = EditMemory(serac_parts.embed(), MemorySettings(approximate_above=len(EDITS)))
    memory.add(EDITS)
    exact = EditMemory(memory.classifier)
    exact.add(EDITS)
    assert_same(memory, exact)
    memory.add(EDITS)
    found, truth = memory.retrieve(TEXTS), exact.retrieve(TEXTS)
    torch.testing.assert_close(found.beta, truth.beta)


def many(count: int) -> tuple[list[Edit], torch.Tensor]:
    """Edits and their vectors, which have large norms and small differences."""
    generator = torch.Generator().manual_seed(0)
    edits = [Edit(f"where was number {number} born ?", "rome") for number in range(count)]
    return edits, 100 + torch.randn(count, WIDTH, generator=generator)


def test_slots_without_an_edit_are_dropped_once_they_are_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_store, "SMALL", 20)
    edits, vectors = many(400)
    classifier = serac_parts.embed()
    near, exact = (EditMemory(classifier, MemorySettings(approximate_above=limit, probes=99)) for limit in (10, None))
    for memory in (near, exact):
        memory.add(edits, vectors)
    for few, slots in (([3, 5], 400), (range(10, 210), 198), ([7], 198)):
        for memory in (near, exact):
            memory.retrieve(TEXTS)
            memory.remove(few)
            assert store_of(memory).columns.slots == len(store_of(memory).vectors) == slots
        assert_same(near, exact)


def test_index_lies_on_disk_and_is_checked_against_the_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edits, vectors = many(500)
    memory = EditMemory(serac_parts.embed(), MemorySettings(approximate_above=100, probes=99))
    memory.add(edits[:450], vectors[:450])
    memory.save_pretrained(tmp_path)
    assert {"memory.faiss", "memory.faiss.json"} <= {file.name for file in tmp_path.iterdir()}
    built: list[int] = []
    build = ApproximateIndex.build
    monkeypatch.setattr(ApproximateIndex, "build", noting(lambda vectors: built.append(len(vectors)), build))

    def opened() -> EditMemory:
        found = EditMemory.from_pretrained(tmp_path, memory.classifier)
        assert_same(found, memory)
        return found

    opened()
    assert built == []
    whole = (tmp_path / "memory.faiss").read_bytes()
    (tmp_path / "memory.faiss").write_bytes(whole[:-9] + bytes(9))
    opened()
    assert built == [450], "a damaged index is built anew"
    (tmp_path / "memory.faiss").write_bytes(whole)
    monkeypatch.setattr(approximate_index, "_TOLERANCE", 1e-9)
    opened()
    assert built == [450, 450], "and so is one of other vectors"


def test_few_rows_near_a_query_are_topped_up_by_exact_search() -> None:
    edits, vectors = many(300)
    memory = EditMemory(serac_parts.embed(), MemorySettings(approximate_above=10, probes=1))
    memory.add(edits, vectors)
    memory.retrieve(TEXTS)
    memory.remove(range(297))
    assert set(memory.search(TEXTS)[1].flatten().tolist()) <= {297, 298, 299}


def test_autocast_of_the_caller_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    edits, vectors = many(500)
    memory = EditMemory(serac_parts.embed())
    memory.add(edits, vectors)
    monkeypatch.setattr(memory.classifier, "vectors", lambda texts: vectors[:100] + 0.3)
    texts = [str(number) for number in range(100)]
    found = memory.retrieve(texts)
    assert found.index.tolist() == list(range(100))
    with torch.autocast("cpu", torch.bfloat16):
        again = memory.retrieve(texts)
    assert torch.equal(again.index, found.index)
    assert torch.equal(again.beta, found.beta)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_rows_come_back_from_all_blocks(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_store, "BLOCK", 8)
    store, data = VectorStore(MemorySettings(precision=precision), 2, 3), torch.randn(50, 6)
    for part in (data[:1], data[1:5], data[5:30]):
        store.append(part)
    store.put(20, store.rows(20).clone(), store.norms(20))
    store.append(data[30:])
    kept = data.view(50, 2, 3).to(vector_store.PRECISIONS[precision])
    assert store.rows().dtype == kept.dtype
    assert torch.equal(store.rows(), kept)
    assert torch.equal(store.norms(), kept.float().square().sum(-1).T)
    slots = torch.randint(50, (4, 7))
    assert torch.equal(store.at(slots), kept[slots])
    dead = torch.arange(50) % 2 == 0
    assert store.nearest(data, 1, dead).flatten().tolist()[1::2] == list(range(1, 50, 2))
    assert not torch.isin(store.nearest(data, 9, dead), torch.arange(0, 50, 2)).any()


def test_vectors_follow_rows_and_queries_to_another_device() -> None:
    here, there = torch.randn(5, 6), torch.empty(5, 6, device="meta")
    moves: tuple[Callable[[VectorStore], Any], ...] = (
        lambda store: store.append(there),
        lambda store: store.nearest(there, 2),
        lambda store: store.squared_distances(there, torch.empty(5, 2, dtype=torch.int64, device="meta")),
    )
    for move in moves:
        store = VectorStore(MemorySettings(), 2, 3)
        store.append(here)
        result = move(store)
        assert store.rows().device.type == store.norms().device.type == "meta"
        assert result is None or (result.device.type, result.shape) == ("meta", (5, 2))


@pytest.mark.parametrize("before", [0, 3])
def test_memory_follows_its_classifier_to_another_device(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    memory = EditMemory(serac_parts.embed())
    memory.add(EDITS[:before])
    there = memory.classifier.to("meta").encoder.device
    monkeypatch.setattr(memory.classifier, "states", lambda texts: torch.empty(len(texts), WIDTH, device=there))
    memory.add(EDITS[before:5])
    assert store_of(memory).vectors.rows().device.type == "meta"
    memory.add(EDITS[5:6], torch.zeros(1, WIDTH))
    assert (store_of(memory).vectors.rows().device.type, store_of(memory).vectors.norms().shape) == ("meta", (1, 6))


@pytest.mark.parametrize("saved", [False, True])
def test_memory_that_grew_in_inference_mode_can_be_changed(saved: bool, tmp_path: Path) -> None:
    expected = EditMemory(serac_parts.embed())
    with torch.inference_mode():
        memory = EditMemory(expected.classifier)
        memory.add(EDITS[:5])
        if saved:
            memory.save_pretrained(tmp_path)
            memory = EditMemory.from_pretrained(tmp_path, expected.classifier)
    expected.add(EDITS[:5])
    for changed in (memory, expected):
        changed.replace(1, EDITS[7])
        changed.remove([0])
        changed.add(EDITS[8:12])
    assert_same(memory, expected)

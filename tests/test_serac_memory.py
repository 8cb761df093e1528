"""The edit memory: incremental changes, exact and approximate search, disk."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import serac_parts
from serac.config.serac import MemorySettings
from serac.editors.serac import columns, cross
from serac.editors.serac.columns import EditColumns
from serac.editors.serac.memory import NOWHERE, EditMemory
from serac.editors.serac.vectors import VectorStore
from serac.errors import ConfigError, SeracError
from serac.records import Edit
from tiny_models import CITIES, PEOPLE

EDITS = [Edit(f"where was {person} born ?", city) for person in PEOPLE for city in CITIES]
TEXTS = [f"which city is the city of birth of {person} ?" for person in PEOPLE]


@pytest.fixture(params=serac_parts.KINDS)
def memory(request: pytest.FixtureRequest) -> EditMemory:
    return EditMemory(serac_parts.classifier(request.param))


def assert_same(memory: EditMemory, other: EditMemory, texts: list[str] = TEXTS) -> None:
    found, expected = memory.retrieve(texts), other.retrieve(texts)
    torch.testing.assert_close(found.beta, expected.beta)
    assert [memory.edit(id) for id in found.index.tolist()] == [other.edit(id) for id in expected.index.tolist()]


def test_empty_memory_retrieves_nothing(memory: EditMemory) -> None:
    found = memory.retrieve(TEXTS)
    assert found.beta.tolist() == [0.0] * len(TEXTS)
    assert found.index.tolist() == [NOWHERE] * len(TEXTS)


def test_retrieval_is_the_maximum_of_all_similarities(memory: EditMemory) -> None:
    memory.add(EDITS)
    found = memory.retrieve(TEXTS)
    expected = memory.classifier.log_similarity(EDITS, TEXTS).max(1)
    torch.testing.assert_close(found.beta, expected.values.exp())
    assert torch.equal(found.index, expected.indices)


@pytest.mark.parametrize(("bound", "parts"), [(50, [50, 50, 50, 50, 16]), (216, [216])])
def test_cross_holds_a_bounded_number_of_pairs(monkeypatch: pytest.MonkeyPatch, bound: int, parts: list[int]) -> None:
    at_once = serac_parts.cross().score_pairs([(edit, text) for text in TEXTS for edit in EDITS])
    monkeypatch.setattr(cross, "CACHED_PAIRS", bound)
    classifier = serac_parts.cross()
    memory = EditMemory(classifier)
    memory.add(EDITS)
    read: list[int] = []
    original = classifier._batched_scores
    monkeypatch.setattr(classifier, "_batched_scores", lambda pairs: read.append(len(pairs)) or original(pairs))
    log_g, positions = classifier.search(memory, TEXTS)
    assert read == parts
    assert positions.tolist() == [list(range(len(EDITS)))] * len(TEXTS)
    torch.testing.assert_close(log_g.flatten(), at_once)
    if len(parts) == 1:
        assert torch.equal(log_g.flatten(), at_once)
    assert classifier.search(memory, [])[0].shape == (0, len(EDITS))


def test_adding_in_parts_is_adding_at_once(memory: EditMemory) -> None:
    whole = EditMemory(memory.classifier)
    assert whole.add(EDITS) == list(range(len(EDITS)))
    for start in range(0, len(EDITS), 5):
        memory.add(EDITS[start : start + 5])
    assert memory.ids == whole.ids
    assert_same(memory, whole)


def test_only_new_edits_are_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = serac_parts.embed()
    memory = EditMemory(classifier)
    memory.add(EDITS[:5])
    encoded: list[str] = []
    original = classifier.states
    monkeypatch.setattr(classifier, "states", lambda texts: encoded.extend(texts) or original(texts))
    memory.add(EDITS[5:7])
    memory.retrieve(TEXTS)
    memory.retrieve(TEXTS)
    assert sorted(encoded) == sorted([*(classifier.entry(edit) for edit in EDITS[5:7]), *TEXTS])


def test_removed_edits_are_not_found(memory: EditMemory) -> None:
    ids = memory.add(EDITS)
    dropped = set(random.Random(0).sample(ids, 20))
    memory.remove(dropped)
    kept = EditMemory(memory.classifier)
    kept.add([edit for id, edit in enumerate(EDITS) if id not in dropped])
    assert memory.ids == [id for id in ids if id not in dropped]
    assert_same(memory, kept)
    memory.remove(memory.ids)
    assert memory.retrieve(TEXTS).index.tolist() == [NOWHERE] * len(TEXTS)
    assert memory.add(EDITS[:1]) == [len(EDITS)], "ids are never used again"


def test_replaced_edit_keeps_its_id(memory: EditMemory) -> None:
    memory.add(EDITS[:4])
    memory.replace(2, EDITS[9])
    other = EditMemory(memory.classifier)
    other.add([*EDITS[:2], EDITS[9], EDITS[3]])
    assert memory.ids == [0, 1, 2, 3]
    assert_same(memory, other)


def test_unknown_ids_are_errors_and_change_nothing(memory: EditMemory) -> None:
    memory.add(EDITS[:3])
    with pytest.raises(SeracError, match="no edit with id 7"):
        memory.remove([0, 7])
    with pytest.raises(SeracError, match="no edit with id 7"):
        memory.replace(7, EDITS[0])
    assert memory.ids == [0, 1, 2]


def test_of_equal_edits_the_first_is_retrieved(memory: EditMemory) -> None:
    memory.add([EDITS[0]] * 3 + EDITS[1:3])
    memory.remove([0])
    assert set(memory.retrieve(TEXTS).index.tolist()) <= {1, 3, 4}


@pytest.mark.parametrize("kind", serac_parts.KINDS)
@pytest.mark.parametrize("candidates", [None, 3])
def test_saved_memory_is_the_same(kind: str, candidates: int | None, tmp_path) -> None:
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


def test_memory_of_another_classifier_is_refused(tmp_path) -> None:
    memory = EditMemory(serac_parts.embed())
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="another scope classifier"):
        EditMemory.from_pretrained(tmp_path, serac_parts.embed(heads=2))
    with pytest.raises(ConfigError, match="no edit memory"):
        EditMemory.from_pretrained(tmp_path / "nothing", memory.classifier)


def test_cross_candidates_approach_the_exact_result() -> None:
    classifier = serac_parts.cross()
    exact = EditMemory(classifier)
    exact.add(EDITS)
    truth = exact.retrieve(TEXTS).beta
    gaps = []
    for candidates in (1, 4, 16, len(EDITS)):
        memory = EditMemory(classifier, MemorySettings(candidates=candidates))
        memory.add(EDITS)
        gaps.append((truth - memory.retrieve(TEXTS).beta).clamp(min=0).sum().item())
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > gaps[-1]
    assert gaps[-1] == pytest.approx(0, abs=1e-6)


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
        VectorStore(MemorySettings(approximate_above=limit, probes=8), heads, 32 // heads) for limit in (None, 1000)
    )
    for store in (exact, near):
        store.append(data[:2000])
        store.nearest(queries, 1)
        store.append(data[2000:])
        store.set(3, data[5] + 1)
        for position in (0, 100, 2500):
            store.swap_remove(position)
    assert torch.equal(exact.rows, near.rows)
    best = exact.squared_distances(queries, exact.nearest(queries, 1))
    found = near.squared_distances(queries, near.nearest(queries, 8)).amin(1, keepdim=True)
    assert (found <= best + 1e-5).float().mean() >= 0.95


def test_approximate_memory_below_its_size_is_exact() -> None:
    memory = EditMemory(serac_parts.embed(), MemorySettings(approximate_above=len(EDITS)))
    memory.add(EDITS)
    exact = EditMemory(memory.classifier)
    exact.add(EDITS)
    assert_same(memory, exact)
    memory.add(EDITS)
    found, truth = memory.retrieve(TEXTS), exact.retrieve(TEXTS)
    torch.testing.assert_close(found.beta, truth.beta)


def test_loading_builds_no_edit_and_reads_no_vector(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = EditMemory(serac_parts.embed())
    memory.add([Edit(f"where was number {number} born ?", "rome") for number in range(2000)], torch.randn(2000, 32))
    memory.save_pretrained(tmp_path)
    built: list[tuple[str, str]] = []
    monkeypatch.setattr(columns, "Edit", lambda *pair: built.append(pair) or Edit(*pair))
    loaded = EditMemory.from_pretrained(tmp_path, memory.classifier)
    assert (len(loaded), built) == (2000, [])
    assert loaded.edit(1999) == Edit("where was number 1999 born ?", "rome")
    assert len(built) == 1
    if sys.platform == "linux":
        assert str(tmp_path / "vectors.safetensors") in Path("/proc/self/maps").read_text()
    assert_same(loaded, memory)


def test_memory_is_saved_where_it_was_loaded_from(memory: EditMemory, tmp_path) -> None:
    memory.add(EDITS)
    memory.save_pretrained(tmp_path)
    loaded = EditMemory.from_pretrained(tmp_path, memory.classifier)
    for changed in (memory, loaded):
        changed.remove([0, 7])
        changed.replace(3, EDITS[0])
    loaded.save_pretrained(tmp_path)
    assert_same(loaded, memory)
    assert_same(EditMemory.from_pretrained(tmp_path, memory.classifier), memory)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["memory.json", "vectors.safetensors"]


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(("add", "remove", "replace")), st.integers(0, 2**16)), max_size=40))
def test_columns_are_a_mapping_from_ids_to_edits(changes: list[tuple[str, int]]) -> None:
    kept, expected = EditColumns(), {}
    for number, (change, drawn) in enumerate(changes):
        edit = Edit(f"input {number}", f"label {number}")
        if change == "add":
            (id,) = kept.append([edit])
            assert id not in expected
            expected[id] = edit
        elif expected:
            id = sorted(expected)[drawn % len(expected)]
            if change == "remove":
                kept.swap_remove(kept.position(id))
                del expected[id]
            else:
                kept.set(kept.position(id), edit)
                expected[id] = edit
    assert {id: kept[kept.position(id)] for id in kept.ids} == expected
    assert dict(zip(kept.ids, kept, strict=True)) == expected
    assert kept[:] == list(kept)

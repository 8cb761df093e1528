"""The edit memory: incremental changes and search."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import serac_parts
from serac.config.serac import MemorySettings
from serac.editors.serac import cross
from serac.editors.serac import memory as memory_module
from serac.editors.serac.edit_columns import EditColumns
from serac.editors.serac.memory import NOWHERE, EditMemory
from serac.errors import SeracError
from serac.records import Edit
from serac_parts import EDITS, TEXTS, assert_same
from spies import noting


@pytest.fixture(params=serac_parts.KINDS)
def memory(request: pytest.FixtureRequest) -> EditMemory:
    return EditMemory(serac_parts.classifier(request.param))


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
    monkeypatch.setattr(classifier, "_batched_scores", noting(lambda pairs: read.append(len(pairs)), original))
    log_g, positions = memory.search(TEXTS)
    assert read == parts
    assert positions.tolist() == [list(range(len(EDITS)))] * len(TEXTS)
    torch.testing.assert_close(log_g.flatten(), at_once)
    if len(parts) == 1:
        assert torch.equal(log_g.flatten(), at_once)
    assert memory.search([])[0].shape == (0, len(EDITS))


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_texts_are_searched_for_in_parts(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    memory = EditMemory(serac_parts.classifier(kind))
    memory.add(EDITS)
    texts = [*TEXTS, TEXTS[0], "paris"]
    at_once = memory.retrieve(texts)
    monkeypatch.setattr(memory_module, "TEXTS_AT_ONCE", 3)
    searched: list[int] = []
    search = memory.classifier.search
    monkeypatch.setattr(memory.classifier, "search", noting(lambda part, *rest: searched.append(len(part)), search))
    in_parts = memory.retrieve(texts)
    assert searched == [3, 3, 1]
    torch.testing.assert_close(in_parts.beta, at_once.beta)
    assert torch.equal(in_parts.index, at_once.index)
    assert memory.retrieve([]).beta.shape == (0,)


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
    monkeypatch.setattr(classifier, "states", noting(encoded.extend, original))
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


@pytest.mark.parametrize("shape", [(2, serac_parts.WIDTH), (3, 2 * serac_parts.WIDTH), (3 * serac_parts.WIDTH,)])
def test_vectors_of_another_shape_are_refused(memory: EditMemory, shape: tuple[int, ...]) -> None:
    with pytest.raises(SeracError, match="but 3 edits need"):
        memory.add(EDITS[:3], torch.zeros(shape))
    assert len(memory) == len(serac_parts.store_of(memory).vectors) == 0


def test_of_equal_edits_the_first_is_retrieved(memory: EditMemory) -> None:
    memory.add([EDITS[0]] * 3 + EDITS[1:3])
    memory.remove([0])
    assert set(memory.retrieve(TEXTS).index.tolist()) <= {1, 3, 4}


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
                kept.remove([id])
                del expected[id]
            else:
                kept.replace(id, edit)
                expected[id] = edit
        if drawn % 3 == 0:
            kept.put(0, *kept.packed())
    assert {id: kept.edit(id) for id in kept.ids} == expected
    assert (len(kept), kept.ids) == (len(expected), sorted(expected))
    assert sorted(id for id in kept.ids_by_slot.tolist() if id >= 0) == kept.ids

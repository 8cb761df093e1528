"""Saved edits survive kills, full disks and damage; a memory behaves like a dictionary."""

from __future__ import annotations

import json
import multiprocessing
import random
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import serac
import serac_parts
import tiny_models
from serac.editors.serac import memory_file
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.memory_file import FILE
from serac.errors import ConfigError, SeracError
from serac.file_bytes import file_sha256
from serac.wrapping import opening
from serac.wrapping.bundle import MANIFEST, Parts, load_bundle, write_bundle

KILLS = 20
DAMAGES = 300
"""For each of the two kinds of files."""


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A wrapped tiny model with a tiny classifier, quick to make."""
    parts = Parts(serac_parts.embed())
    monkeypatch.setattr(opening, "untrained_parts", lambda: parts)
    model = tiny_models.t5()
    return serac.wrap(model.model, model.tokenizer)


def _save_for_ever(memory: EditMemory, folder: Path, saved: Connection) -> None:
    while True:
        memory.add(serac_parts.EDITS)
        memory.save_pretrained(folder)
        saved.send(len(memory))


def test_killed_at_random_moments_of_saving_a_whole_memory_is_left(tmp_path: Path) -> None:
    """Forks are killed (``kill -9``) while they save ever larger memories into one folder."""
    rng, killed_while_writing = random.Random(0), 0
    memory = EditMemory(serac_parts.embed())
    memory.classifier.vectors(
        [memory.classifier.entry(edit) for edit in serac_parts.EDITS]
    )  # the forks compute nothing
    for _ in range(KILLS):
        heard, saved = multiprocessing.Pipe(duplex=False)
        saver = multiprocessing.get_context("fork").Process(target=_save_for_ever, args=(memory, tmp_path, saved))
        saver.start()
        assert heard.poll(60)
        time.sleep(rng.uniform(0, 0.02))
        saver.kill()
        saver.join()
        confirmed = 0
        while heard.poll():
            confirmed = heard.recv()
        killed_while_writing += (tmp_path / f"{FILE}.part").exists()
        left = EditMemory.from_pretrained(tmp_path, memory.classifier)
        assert len(left) in (confirmed, confirmed + len(serac_parts.EDITS))
    assert killed_while_writing > 0


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file can become larger than ``size`` bytes: the system refuses to write on, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 100, 2_000])
def test_a_full_disk_leaves_the_older_edits(tiny: Any, tmp_path: Path, size: int) -> None:
    tiny.add("where was ada born ?", "rome")
    tiny.save_pretrained(tmp_path)
    tiny.export_edits(tmp_path / "edits.csv")
    exported = (tmp_path / "edits.csv").read_bytes()
    for number in range(100):
        tiny.add(f"where was person {number} born ?", "oslo")
    with full_after(size), pytest.raises(SeracError, match=r"the older one is kept\. Hint: free some space"):
        tiny.save_pretrained(tmp_path)
    with full_after(size), pytest.raises(SeracError, match=r"cannot write the edits .*Hint: choose another folder"):
        tiny.export_edits(tmp_path / "edits.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["edits.csv", FILE]
    assert (tmp_path / "edits.csv").read_bytes() == exported
    assert len(serac.load(tmp_path, tiny.edited.base, tiny.reader.tokenizer).edits) == 1


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """``whole`` with one of several kinds of damage."""
    content = bytearray(whole)
    place = rng.choice([rng.randrange(len(content)), rng.randrange(min(600, len(content)))])
    match rng.randrange(6):
        case 0:
            return bytes(content[:place])
        case 1:
            content[place] ^= 1 << rng.randrange(8)
        case 2:
            content[place : place + 8] = rng.randbytes(8)
        case 3:
            del content[place : place + rng.randrange(1, 64)]
        case 4:
            content[place:place] = rng.randbytes(rng.randrange(1, 64))
        case _:
            return rng.choice([b"", b"{}", b"null", rng.randbytes(200), b"\xff" * 64, b"[" * 50_000])
    return bytes(content)


def test_damaged_memories_are_refused_by_the_projects_error(tiny: Any, tmp_path: Path) -> None:
    for person in tiny_models.PEOPLE:
        tiny.add(f"where was {person} born ?", "rome", note=person)
    tiny.save_pretrained(tmp_path)
    file, rng = tmp_path / FILE, random.Random(0)
    whole = file.read_bytes()
    base, tokenizer = tiny.edited.base, tiny.reader.tokenizer
    for number in range(DAMAGES):
        broken = damaged(whole, rng)
        if broken == whole:
            continue
        file.write_bytes(broken)
        try:
            loaded = serac.load(tmp_path, base, tokenizer)
        except SeracError:
            continue
        assert loaded.edits == tiny.edits, f"damage {number} changed the edits unnoticed"
    file.write_bytes(whole)
    assert serac.load(tmp_path, base, tokenizer).edits == tiny.edits


WRONG = [
    ("next_id", 0), ("next_id", "2"), ("ids", [0, 0]), ("ids", [0, -2]), ("ids", [0]), ("ids", [0.5, 1]),
    ("removed", [7]), ("texts", [300]), ("ends", [1, 2]), ("ends", [5, 4, 3, 2]), ("settings", {"candidates": 0}),
    ("settings", []), ("unknown", 1), ("classifier", 3), ("extra", []), ("extra", {}), ("extra", {"kept": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_wrong_content_with_a_right_checksum_is_refused(tiny: Any, tmp_path: Path, key: str, value: Any) -> None:
    tiny.add("where was ada born ?", "rome")
    tiny.add("where was bela born ?", "oslo")
    tiny.save_pretrained(tmp_path)
    (segment,) = memory_file.read_segments(tmp_path, tiny.device)
    written = {name: getattr(segment, name).clone() for name in memory_file.TENSORS[1:]}
    content = json.loads(segment.content.model_dump_json())
    if key in written:
        written[key] = torch.tensor(value)
    else:
        content[key] = value
    wrong = SimpleNamespace(content=SimpleNamespace(model_dump_json=lambda: json.dumps(content)), **written)
    memory_file.write_segment(tmp_path / FILE, wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        serac.load(tmp_path, tiny.edited.base, tiny.reader.tokenizer)


@pytest.mark.parametrize("signed", [False, True], ids=["", "right checksums"])
def test_damaged_bundles_are_refused_by_the_projects_error(tmp_path: Path, signed: bool) -> None:
    """``signed``: somebody wrote the damaged file's checksum into the manifest."""
    scope, speaker, bundle = (tmp_path / name for name in ("scope", "speaker", "bundle"))
    serac_parts.embed().save_pretrained(scope)
    serac_parts.counterfactual(tiny_models.t5()).save_pretrained(speaker)
    write_bundle(bundle, scope, speaker, name="b", data="d", licence="MIT", metrics={"ES": 0.5})
    files = [file for file in sorted(bundle.rglob("*")) if file.is_file() and file.name != "README.md"]
    manifest = json.loads((bundle / MANIFEST).read_text())
    (bundle / MANIFEST).write_text(json.dumps(manifest))
    rng = random.Random(1)
    refused = 0
    for _ in range(DAMAGES):
        file = rng.choice(files)
        whole = file.read_bytes()
        file.write_bytes(damaged(whole, rng))
        if signed and file.name != MANIFEST:
            sums = {**manifest["files"], str(file.relative_to(bundle)): file_sha256(file)}
            (bundle / MANIFEST).write_text(json.dumps({**manifest, "files": sums}))
        try:
            load_bundle(bundle)
        except SeracError:
            refused += 1
        file.write_bytes(whole)
        (bundle / MANIFEST).write_text(json.dumps(manifest))
    assert refused > (0.4 if signed else 0.9) * DAMAGES
    assert load_bundle(bundle).counterfactual is not None


class LikeADictionary(RuleBasedStateMachine):
    """Adding, replacing, removing, saving and loading against a dictionary from questions to answers."""

    questions = st.sampled_from([f"where was {person} born ?" for person in tiny_models.PEOPLE])
    answers = st.sampled_from(tiny_models.CITIES)
    folder: ClassVar[Path]

    @initialize()
    def start(self) -> None:
        self.memory, self.expected = EditMemory(CLASSIFIER), dict[int, tuple[str, str]]()

    @rule(question=questions, answer=answers)
    def add(self, question: str, answer: str) -> None:
        self.expected[self.memory.add([serac.Edit(question, answer)])[0]] = (question, answer)

    @rule(question=questions, answer=answers, data=st.data())
    def replace(self, question: str, answer: str, data: st.DataObject) -> None:
        if self.expected:
            id = data.draw(st.sampled_from(sorted(self.expected)))
            self.memory.replace(id, serac.Edit(question, answer))
            self.expected[id] = (question, answer)

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        if self.expected:
            id = data.draw(st.sampled_from(sorted(self.expected)))
            self.memory.remove([id])
            del self.expected[id]

    @rule()
    def save_and_load(self) -> None:
        self.memory.save_pretrained(self.folder)
        self.memory = EditMemory.from_pretrained(self.folder, CLASSIFIER)

    @invariant()
    def same(self) -> None:
        assert self.memory.ids == sorted(self.expected)
        edits = {id: self.memory.edit(id) for id in self.memory.ids}
        assert {id: (edit.input, edit.label) for id, edit in edits.items()} == self.expected


CLASSIFIER = serac_parts.embed()


def test_a_memory_behaves_like_a_dictionary(tmp_path: Path) -> None:
    LikeADictionary.folder = tmp_path
    run_state_machine_as_test(
        LikeADictionary, settings=settings(max_examples=30, stateful_step_count=20, deadline=None)
    )

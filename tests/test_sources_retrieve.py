"""Retrieving raw files and checkpoints from a server on this machine: locks, faults, archives, disks."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy

from local_server import CONTENT, Server, no_room
from serac.config.sources import ReleaseSettings, SourceSettings
from serac.errors import ConfigError, RecordError, RetrievalError
from serac.sources import hub
from serac.sources.lock import Lock
from serac.sources.retrieve import extract_file, retrieve_archive, retrieve_file

WEIGHTS = safetensors.numpy.save({"a": np.arange(300_000.0)})


def release(server: Server, kind: str, address: str = "") -> ReleaseSettings:
    facts = {"title": "A release", "version": "1", "licence": "none", "megabytes": 1}
    return ReleaseSettings(kind=kind, address=address or server.address, **facts)


# --- the lock ----------------------------------------------------------------------------------------
def test_the_first_retrieval_writes_the_lock_and_later_ones_are_checked(
    server: Server, tmp_path: Path, lock: Lock
) -> None:
    source = SourceSettings(origin="retrieve", release="r", names={"dev.jsonl": "train.jsonl"})

    def retrieve() -> None:
        retrieve_file(release(server, "files"), source, "dev.jsonl", tmp_path / "dev.jsonl", tmp_path / "work", lock)

    retrieve()
    first = lock.path.read_text()
    entry = json.loads(first)[server.url("train.jsonl")]
    assert entry["files"]["train.jsonl"]["bytes"] == len(CONTENT)
    shutil.rmtree(tmp_path / "work")
    retrieve()
    assert lock.path.read_text() == first
    shutil.rmtree(tmp_path / "work")
    (server.root / "train.jsonl").write_bytes(CONTENT.replace(b"0", b"1", 1))
    with pytest.raises(RetrievalError, match=r"train\.jsonl of http.*SHA-256 \w{64}, but .*lock\.json records .*Hint"):
        retrieve()
    assert lock.path.read_text() == first
    assert list((tmp_path / "work").iterdir()) == []  # the next try starts anew


def test_a_sign_left_behind_is_one_clear_message(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serac.sources.lock._PATIENCE", 0)
    sign = lock.path.with_name("lock.json.writing")
    sign.write_text("")
    with pytest.raises(RetrievalError, match=r"lock\.json\.writing has existed for .*Hint: delete it"):
        lock.check("https://one.address", {})
    sign.unlink()
    lock.check("https://one.address", {})


def test_a_broken_lock_is_one_clear_message(tmp_path: Path, lock: Lock) -> None:
    lock.path.write_text("{")
    with pytest.raises(ConfigError, match=r"lock\.json is not JSON .*Hint"):
        lock.revision("anything")


def test_a_release_is_retrieved_once_and_its_files_are_taken_out(server: Server, tmp_path: Path, lock: Lock) -> None:
    members = {"data/zsre/impl_dev.json": b"[]", "__MACOSX/data/zsre/impl_dev.json": b"?", "data/x/impl_dev.json": b"!"}
    with zipfile.ZipFile(server.root / "release.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    local = tmp_path / "serac.archive"
    retrieve_archive(release(server, "archive", server.url("release.zip")), local, tmp_path / "work", lock)
    source = SourceSettings(origin="retrieve", release="serac", upstream="zsre/{file}")
    extract_file(local, source, "impl_dev.json", tmp_path / "impl_dev.json")
    assert (tmp_path / "impl_dev.json").read_bytes() == b"[]"
    assert server.url("release.zip") in json.loads(lock.path.read_text())


@pytest.mark.parametrize("content", ["<!DOCTYPE html><p>Quota exceeded", "two halves"])
def test_an_archive_is_pinned_only_if_it_is_intact(server: Server, tmp_path: Path, lock: Lock, content: str) -> None:
    served, work = server.root / "release.zip", tmp_path / "work"
    served.write_text(content)
    if content == "two halves":  # as of a server whose file changed between a download and its continuation
        for name in ("a", "b"):
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                archive.writestr("zsre/impl.json", name * 5000)
        halves = (tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()
        served.write_bytes(halves[0][:2500] + halves[1][2500:])
    with pytest.raises(RetrievalError, match=r"did not deliver an intact zip or tar file.* Hint"):
        retrieve_archive(release(server, "archive", server.url("release.zip")), tmp_path / "out", work, lock)
    assert not lock.path.exists()
    assert not list(work.iterdir())


def test_a_web_page_is_never_pinned(server: Server, tmp_path: Path, lock: Lock) -> None:
    (server.root / "train.jsonl").write_text("<!DOCTYPE html><p>Quota exceeded")
    source, work = SourceSettings(origin="retrieve", release="r"), tmp_path / "work"
    with pytest.raises(RetrievalError, match=r"did not deliver train.jsonl: it is a web page.* Hint"):
        retrieve_file(release(server, "files"), source, "train.jsonl", tmp_path / "out", work, lock)
    assert not lock.path.exists()
    assert not list(work.iterdir())


# --- the hub -----------------------------------------------------------------------------------------
@pytest.fixture
def repository(server: Server) -> Path:
    folder = server.root / "models" / "someone" / "model"
    (folder / "onnx").mkdir(parents=True)
    for name in ("vocab.txt", "tf_model.h5", "pytorch_model.bin", "onnx/a.json"):
        (folder / name).write_text(name)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    return folder


def test_a_snapshot_holds_what_pytorch_needs(server: Server, repository: Path, tmp_path: Path, lock: Lock) -> None:
    folder = hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "model", lock)
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names == {"config.json", "model.safetensors", "vocab.txt"}
    entry = json.loads(lock.path.read_text())["hf://someone/model"]
    assert entry["revision"] == server.commit(repository)
    assert set(entry["files"]) == names


def test_a_locked_repository_stays_at_its_commit(server: Server, repository: Path, tmp_path: Path, lock: Lock) -> None:
    hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "first", lock)
    locked = lock.revision("hf://someone/model")
    (repository / "README.md").write_text("the repository moves on")
    assert server.commit(repository) != locked
    hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "second", lock)
    assert lock.revision("hf://someone/model") == locked


def test_other_bytes_at_the_locked_commit_are_refused(
    server: Server, repository: Path, tmp_path: Path, lock: Lock
) -> None:
    hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "first", lock)
    (repository / "model.safetensors").write_bytes(safetensors.numpy.save({"a": np.zeros(9)}))
    with pytest.raises(RetrievalError, match=r"model\.safetensors of hf://someone/model: retrieved 1[0-9]{2} bytes"):
        hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "second", lock)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("model.safetensors", WEIGHTS[:-9], "not a safetensors file"),
        ("config.json", b"<html>Gated", "a web page"),
        ("config.json", b'{"half": ', "not JSON"),
        ("vocab.txt", b"", "empty"),
    ],
)
def test_what_a_file_is_not_is_never_pinned(
    server: Server, repository: Path, tmp_path: Path, lock: Lock, name: str, content: bytes, what: str
) -> None:
    (repository / name).write_bytes(content)
    with pytest.raises(RetrievalError, match=f"hf://someone/model did not deliver {name}: it is {what}"):
        hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "model", lock)
    assert not lock.path.exists()
    assert not (tmp_path / "model" / name).exists()


def test_more_than_was_stated_is_not_downloaded(server: Server, tmp_path: Path, lock: Lock) -> None:
    small = release(server, "files").model_copy(update={"megabytes": 0.1})
    source = SourceSettings(origin="retrieve", release="r")
    with pytest.raises(RetrievalError, match=r"sends more than 0\.4 MB\. Hint"):
        retrieve_file(small, source, "train.jsonl", tmp_path / "out", tmp_path / "work", lock)


def test_another_revision_than_the_locked_one_is_refused(
    server: Server, repository: Path, tmp_path: Path, lock: Lock
) -> None:
    hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "first", lock)
    with pytest.raises(RetrievalError, match=f"retrieved revision {'a' * 40}, but .* records revision"):
        hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "second", lock, "a" * 40)


def test_a_truncated_weight_file_is_continued(server: Server, repository: Path, tmp_path: Path, lock: Lock) -> None:
    path = f"/someone/model/resolve/{server.commit(repository)}/model.safetensors"
    server.faults[path] = [None, "truncate"]  # HEAD, then GET
    hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "model", lock)
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == WEIGHTS


def test_an_unknown_repository_is_one_clear_message(server: Server, tmp_path: Path, lock: Lock) -> None:
    with pytest.raises(RetrievalError, match=r"cannot retrieve hf://no/such .*Hint: without internet"):
        hub.retrieve("no/such", "model", hub.model_files, tmp_path / "model", lock)


def test_a_model_that_does_not_fit_is_not_begun(
    server: Server, repository: Path, tmp_path: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room(monkeypatch, 1e8)
    with pytest.raises(RetrievalError, match=r"hf://someone/model needs .* GB"):
        hub.retrieve("someone/model", "model", hub.model_files, tmp_path / "model", lock)
    assert not any("resolve" in path for _, path, _ in server.requests)


def test_questions_of_a_data_set_become_the_native_layout(server: Server, tmp_path: Path, lock: Lock) -> None:
    folder = server.root / "datasets" / "someone" / "nq_open" / "nq_open"
    folder.mkdir(parents=True)
    rows = pd.DataFrame({"question": ["where is bern", "Who won?"], "answer": [["Switzerland", "CH"], ["Ada"]]})
    rows.to_parquet(folder / "train-00000-of-00001.parquet")
    source = SourceSettings(
        origin="retrieve", release="nq", upstream="nq_open/{file}", names={"train.json": "train-00000-of-00001.parquet"}
    )
    target = tmp_path / "train.json"
    retrieve_file(release(server, "dataset", "someone/nq_open"), source, "train.json", target, tmp_path / "work", lock)
    questions = ["Where is bern?", "Who won?"]
    assert json.loads(target.read_text()) == {"questions": questions, "answers": [["Switzerland", "CH"], ["Ada"]]}
    rows.rename(columns={"answer": "reply"}).to_parquet(folder / "train-00000-of-00001.parquet")
    with pytest.raises(RecordError, match="no column 'answer', only question, reply"):
        retrieve_file(
            release(server, "dataset", "someone/nq_open"),
            source,
            "train.json",
            target,
            tmp_path / "w",
            Lock(tmp_path / "l"),
        )


def test_a_file_that_the_data_set_lacks_is_named(server: Server, tmp_path: Path, lock: Lock) -> None:
    (server.root / "datasets" / "someone" / "set").mkdir(parents=True)
    (server.root / "datasets" / "someone" / "set" / "dev.jsonl").write_text("{}")
    source = SourceSettings(origin="retrieve", release="set")
    with pytest.raises(RetrievalError, match=r"no file 'train\.jsonl', only dev\.jsonl"):
        retrieve_file(
            release(server, "dataset", "someone/set"), source, "train.jsonl", tmp_path / "t", tmp_path / "w", lock
        )


def test_a_release_by_hand_says_what_to_do(server: Server, tmp_path: Path, lock: Lock) -> None:
    source = SourceSettings(origin="retrieve", release="hand")
    with pytest.raises(RetrievalError, match=r"by hand from https://x\.y.*Hint: put a\.json into a folder"):
        retrieve_file(release(server, "manual", "https://x.y"), source, "a.json", tmp_path / "a", tmp_path / "w", lock)

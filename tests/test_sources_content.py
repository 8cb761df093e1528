"""What a downloaded file must hold, which files of a repository are downloaded, and the lock."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serac.errors import RetrievalError
from serac.sources import hub
from serac.sources.content import LONGEST_LINE, fault
from serac.sources.lock import Lock


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.jsonl", b'{"a": 1}\n[1]\n', "line 2 is not a JSON object"),
        ("a.jsonl", b'{"a": 1}\n{"a', "line 2 is not JSON"),
        ("a.jsonl", b" " * (LONGEST_LINE + 2), "it is empty|line 1 has more than"),
        ("a.parquet", b"PAR1 cut", "not a Parquet file"),
        ("a.bin", b"version https://git-lfs", "not a file of PyTorch"),
    ],
)
def test_content_is_judged_by_the_suffix(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert re.search(what, fault(tmp_path / name) or "sound")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["config.json", "pytorch_model.bin", "spiece.model", "flax_model.msgpack"], 3),
        (["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], 3),
        (["config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin.index.json"], 3),
    ],
)
def test_weights_are_chosen_by_format(names: list[str], chosen: int) -> None:
    assert len(hub.model_files(names)) == chosen


def test_a_repository_without_weights_is_one_clear_message() -> None:
    with pytest.raises(RetrievalError, match=r"no PyTorch weights, only tf_model\.h5"):
        hub.model_files(["tf_model.h5"])


def test_retrievals_side_by_side_all_enter_the_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock.json")
    files = [tmp_path / f"{number}.txt" for number in range(12)]
    for file in files:
        file.write_text(file.name)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda file: lock.check("https://one.address", {file.name: file}), files))
    assert set(json.loads(lock.path.read_text())["https://one.address"]["files"]) == {file.name for file in files}

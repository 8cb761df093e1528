"""Downloading single files from a server on this machine: faults, resuming, disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_server import CONTENT, Server, no_room
from serac.errors import RetrievalError
from serac.sources.download import download


def quick(address: str, target: Path, tries: int = 3) -> Path:
    return download(address, target, tries=tries, longest_wait=0.01)


def test_a_download_is_what_the_server_holds(server: Server, tmp_path: Path) -> None:
    assert quick(server.url("train.jsonl"), tmp_path / "a" / "out").read_bytes() == CONTENT


def test_a_truncated_answer_is_continued_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.faults["/train.jsonl"] = ["truncate"]
    assert quick(server.url("train.jsonl"), tmp_path / "out").read_bytes() == CONTENT
    assert any(start for _, _, start in server.requests)


@pytest.mark.parametrize(("faults", "why"), [(["truncate"], "incomplete"), (["truncate", 503, 503, 503, 503], "503")])
def test_a_failed_download_is_continued_by_the_next_one(
    server: Server, tmp_path: Path, faults: list[int | str | None], why: str
) -> None:
    server.faults["/train.jsonl"] = faults.copy()
    with pytest.raises(RetrievalError, match=why):
        quick(server.url("train.jsonl"), tmp_path / "out", tries=len(faults))
    assert not (tmp_path / "out").exists()
    quick(server.url("train.jsonl"), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert 0 < server.requests[-1][2] <= len(CONTENT) // 2


def test_a_server_that_cannot_continue_is_asked_for_everything(server: Server, tmp_path: Path) -> None:
    server.faults["/train.jsonl"] = ["truncate", "whole", "whole"]
    quick(server.url("train.jsonl"), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert [start > 0 for _, _, start in server.requests[-2:]] == [True, False]


def test_a_server_that_recovers_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.faults["/train.jsonl"] = [503, 500]
    assert quick(server.url("train.jsonl"), tmp_path / "out").read_bytes() == CONTENT


def test_a_server_that_does_not_recover_is_one_clear_message(server: Server, tmp_path: Path) -> None:
    server.faults["/train.jsonl"] = [503] * 3
    with pytest.raises(RetrievalError, match=r"cannot retrieve http.*503.*Hint: .*'local'"):
        quick(server.url("train.jsonl"), tmp_path / "out")
    assert len(server.requests) == 3


def test_a_file_that_is_not_there_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="404"):
        quick(server.url("absent"), tmp_path / "out")
    assert len(server.requests) == 1


def test_a_disk_that_is_too_small_is_noticed_before_the_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room(monkeypatch, 200e6 + len(CONTENT) / 2)
    with pytest.raises(RetrievalError, match=r"needs 0\.00 GB .* 0\.20 GB free\. Hint: free disk space"):
        quick(server.url("train.jsonl"), tmp_path / "out")
    no_room(monkeypatch, 200e6 + len(CONTENT))
    quick(server.url("train.jsonl"), tmp_path / "out")

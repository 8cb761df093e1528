"""Archives that are not trusted: only what was asked for is written, or nothing."""

from __future__ import annotations

import errno
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from serac.errors import RetrievalError
from serac.sources.archives import extract


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def linked(path: Path) -> Path:
    info = zipfile.ZipInfo("data/zsre/impl.json")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return path


def tarred(path: Path, name: str, kind: bytes = tarfile.REGTYPE) -> Path:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    info.size = 2 if kind == tarfile.REGTYPE else 0
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(info, io.BytesIO(b"[]"))
    return path


def understated(path: Path) -> Path:
    """A zip file whose directory claims fewer bytes than the member has."""
    content = zipped(path, {"zsre/impl.json": b"x" * 5000}).read_bytes()
    path.write_bytes(content.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little")))
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: zipped(path, {"zsre/impl.json": b"[]", "../../evil": b""}), r"not trusted: .*'\.\./\.\./evil'"),
        (lambda path: zipped(path, {"zsre/impl.json": b"[]", "/etc/evil": b""}), "not trusted: .*'/etc/evil'"),
        (lambda path: zipped(path, {"zsre/impl.json": b"[]", "C:\\evil": b""}), "not trusted"),
        (linked, "not trusted: its member 'data/zsre/impl.json' is a link"),
        (lambda path: tarred(path, "zsre/impl.json", tarfile.SYMTYPE), "is a link"),
        (lambda path: tarred(path, "zsre/impl.json", tarfile.LNKTYPE), "is a link"),
        (lambda path: tarred(path, "../zsre/impl.json"), "leaves the folder"),
        (lambda path: zipped(path, {"zsre/impl.json": b"0" * 2_000_000}), "claims 2000000 bytes; at most 1000000"),
        (understated, "longer than the 50 bytes|damaged"),
        (lambda path: zipped(path, {"zsre/other.json": b""}), "holds 0 files 'zsre/impl.json' instead of one"),
        (lambda path: zipped(path, {"a/zsre/impl.json": b"", "b/zsre/impl.json": b""}), "holds 2 files"),
        (lambda path: path.write_text("<html>quota exceeded</html>") and path, "neither a zip nor a tar file"),
    ],
)
def test_an_archive_that_is_not_what_it_should_be_writes_nothing(
    tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(RetrievalError, match=message):
        extract(make(tmp_path / "archive"), "zsre/impl.json", folder / "impl.json", largest=1_000_000)
    assert list(folder.iterdir()) == []


def test_tar_files_are_read_too(tmp_path: Path) -> None:
    extract(tarred(tmp_path / "archive", "./zsre/impl.json"), "zsre/impl.json", tmp_path / "impl.json")
    assert (tmp_path / "impl.json").read_bytes() == b"[]"


def test_a_damaged_archive_is_one_clear_message(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "archive", {"zsre/impl.json": bytes(range(256)) * 400})
    content = bytearray(archive.read_bytes())
    content[100] ^= 255
    archive.write_bytes(content)
    with pytest.raises(RetrievalError, match=r"is damaged .*Hint: delete it"):
        extract(archive, "zsre/impl.json", tmp_path / "impl.json")


def test_a_member_that_is_the_folder_itself_is_no_fault(tmp_path: Path) -> None:
    extract(zipped(tmp_path / "archive", {".": b"", "zsre/impl.json": b"[]"}), "zsre/impl.json", tmp_path / "impl.json")
    assert (tmp_path / "impl.json").read_bytes() == b"[]"


def test_a_full_disk_is_not_called_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("serac.sources.archives.os.replace", full)
    with pytest.raises(RetrievalError, match=r"cannot write .*impl\.json: No space left .*Hint: free disk space"):
        extract(zipped(tmp_path / "archive", {"zsre/impl.json": b"[]"}), "zsre/impl.json", tmp_path / "impl.json")


def test_damaged_lzma_is_one_clear_message(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as out:
        out.writestr("zsre/impl.json", bytes(range(256)) * 400)
    content = bytearray(archive.read_bytes())
    content[60:90] = b"\xff" * 30
    archive.write_bytes(content)
    with pytest.raises(RetrievalError, match="is damaged"):
        extract(archive, "zsre/impl.json", tmp_path / "impl.json")

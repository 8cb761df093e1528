"""Extracting single files from untrusted downloaded archives."""

from __future__ import annotations

import errno
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from serac.errors import RetrievalError
from serac.sources.disk import require_space

LARGEST = 4 * 10**9
"""Maximum bytes of a member; the largest file of the sources has a few hundred million."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    regular: bool
    open: Callable[[], IO[bytes] | None]

    @property
    def leaves(self) -> bool:
        """Whether its path points out of the folder that the archive is unpacked into."""
        path = PurePosixPath(self.name.replace("\\", "/"))
        return path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1])


def extract(archive: Path, wanted: str, target: Path, *, largest: int = LARGEST) -> None:
    """Write the one member of a zip or tar file whose path ends with ``wanted`` to ``target``.

    Only bytes of that member are written, to that one path. Raises ``RetrievalError`` if the file is not an archive, if
    any member would leave the folder, or if the member is missing, named twice, a link, larger than ``largest``,
    longer than the archive states, or damaged.
    """
    with ExitStack() as stack:
        try:
            members = _members(archive, stack)
            member = _choose(archive, members, wanted)
            if member.size > largest:
                raise RetrievalError(
                    f"{member.name} in {archive} claims {member.size} bytes; at most {largest} are read"
                )
            require_space(target.parent, member.size, f"{member.name} of {archive}")
            _write(archive, member, target)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                raise RetrievalError(
                    f"cannot write {target}: {error.strerror}. Hint: free disk space, then run again"
                ) from error
            raise RetrievalError(f"{archive} is damaged ({error}). Hint: delete it and run again") from error
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
            raise RetrievalError(f"{archive} is damaged ({error}). Hint: delete it and run again") from error


def is_intact(file: Path) -> bool:
    """Whether a file is a zip or tar file with correct checksums; a download spliced from two files is not."""
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as zipped:
                return zipped.testzip() is None
        with tarfile.open(file) as tarred:
            return bool(tarred.getmembers())
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError):
        return False


def _members(archive: Path, stack: ExitStack) -> list[_Member]:
    if zipfile.is_zipfile(archive):
        zipped = stack.enter_context(zipfile.ZipFile(archive))
        return [_zip_member(zipped, info) for info in zipped.infolist() if not info.is_dir()]
    if tarfile.is_tarfile(archive):
        tarred = stack.enter_context(tarfile.open(archive))  # noqa: SIM115
        return [_tar_member(tarred, info) for info in tarred.getmembers() if not info.isdir()]
    raise RetrievalError(
        f"{archive} is neither a zip nor a tar file: the address may have delivered a web page. Hint: inspect it, "
        "delete it and run again"
    )


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    return _Member(info.filename, info.file_size, kind in (0, stat.S_IFREG), lambda: archive.open(info))


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    return _Member(info.name, info.size, info.isreg(), lambda: archive.extractfile(info))


def _choose(archive: Path, members: list[_Member], wanted: str) -> _Member:
    if leaving := [member.name for member in members if member.leaves]:
        raise RetrievalError(
            f"{archive} is not trusted: its member '{leaving[0]}' leaves the folder it is unpacked into"
        )
    found = [m for m in members if f"/{m.name}".endswith(f"/{wanted}") and not m.name.startswith("__MACOSX/")]
    if len(found) != 1:
        names = ", ".join(member.name for member in (found or members)[:10])
        raise RetrievalError(f"{archive} holds {len(found)} files '{wanted}' instead of one; it holds {names}")
    if not found[0].regular:
        raise RetrievalError(f"{archive} is not trusted: its member '{found[0].name}' is a link, not a file")
    return found[0]


def _write(archive: Path, member: _Member, target: Path) -> None:
    partial = target.with_name(target.name + ".partial")
    source = member.open()
    assert source is not None
    written = 0
    try:
        with source, partial.open("wb") as out:
            while block := source.read(_BLOCK):
                written += len(block)
                if written > member.size:
                    raise RetrievalError(f"{member.name} in {archive} is longer than the {member.size} bytes it claims")
                out.write(block)
        if written < member.size:
            raise RetrievalError(f"{member.name} in {archive} has {written} of {member.size} bytes")
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)

"""From releases to raw files: download, check against the lock, extract the file, bring it into the native layout."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from serac.config.sources import ReleaseSettings, SourceSettings
from serac.errors import RetrievalError
from serac.sources import hub
from serac.sources.archives import extract, is_intact
from serac.sources.content import TIMES_STATED, check_content
from serac.sources.disk import require_space
from serac.sources.download import download
from serac.sources.lock import Lock
from serac.sources.nq import write_questions


def retrieve_archive(release: ReleaseSettings, target: Path, work: Path, lock: Lock) -> None:
    """Download the release's archive to ``target``; ``work`` keeps what an interrupted download resumes from."""
    require_space(work, release.megabytes * 1e6, release.title)
    partial = download(release.address, work / target.name, largest=_largest(release))
    if not is_intact(partial):
        partial.unlink()
        raise RetrievalError(
            f"{release.address} did not deliver an intact zip or tar file: it may have sent a web page, or changed "
            "meanwhile. Hint: open it in a browser, then run again"
        )
    _accept(lock, release.address, target.name, partial)
    shutil.move(partial, target)


def extract_file(archive: Path, source: SourceSettings, file: str, target: Path) -> None:
    """Extract one raw file of ``source`` from its release's archive."""
    extract(archive, source.upstream_path(file), target)


def retrieve_file(
    release: ReleaseSettings, source: SourceSettings, file: str, target: Path, work: Path, lock: Lock
) -> None:
    """Download one raw file of a release of single files or of a data set of the hub."""
    path = source.upstream_path(file, release)
    if release.kind == "manual":
        raise RetrievalError(
            f"{release.title} must be downloaded by hand from {release.address}. Hint: put {file} into a folder, set "
            "the source's origin to 'local' and 'path' to that folder"
        )
    if release.kind == "dataset":
        local = (
            hub.retrieve(release.address, "dataset", _only(path), work, lock, release.revision, _largest(release))
            / path
        )
    else:
        address = f"{release.address.rstrip('/')}/{path}"
        local = download(address, work / path, largest=_largest(release))
        check_content(local, address)
        _accept(lock, address, path, local)
    if local.suffix == ".parquet":
        write_questions(local, target)
        local.unlink()
    else:
        shutil.move(local, target)


def _largest(release: ReleaseSettings) -> float:
    """Maximum bytes of one download of a release."""
    return TIMES_STATED * release.megabytes * 1e6


def _accept(lock: Lock, address: str, name: str, file: Path) -> None:
    """Keep a download only if it matches the lock."""
    try:
        lock.check(address, {name: file})
    except RetrievalError:
        file.unlink()
        raise


def _only(path: str) -> Callable[[Sequence[str]], list[str]]:
    def choose(names: Sequence[str]) -> list[str]:
        if path not in names:
            raise RetrievalError(f"the data set has no file '{path}', only {', '.join(sorted(names)[:10])}")
        return [path]

    return choose

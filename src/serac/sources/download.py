"""Downloading one file over HTTP or from Google Drive, by gdown: with retries, resuming partial downloads."""

from __future__ import annotations

import math
import re
from pathlib import Path

import gdown
import requests
from gdown.exceptions import DownloadError, FileURLRetrievalError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from serac.errors import RetrievalError
from serac.sources.disk import require_space

TRIES = 5
_TIMEOUT = 60
_DRIVE = re.compile(r"https://drive\.google\.com/")


def download(
    address: str, target: Path, *, tries: int = TRIES, longest_wait: float = 60, largest: float = math.inf
) -> Path:
    """Download ``address`` to ``target``; a partial file never replaces the target.

    Lost connections, timeouts and the server's errors (5xx, 429) are tried ``tries`` times, waiting up to
    ``longest_wait`` seconds in between. Raises ``RetrievalError`` if all tries fail, the disk is too
    small, or the server sends more than ``largest`` bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    attempts = Retrying(
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(max=longest_wait),
        retry=retry_if_exception(_may_pass),
        before_sleep=lambda state: _start_over(target) if _cannot_resume(state) else None,
        reraise=True,
    )
    try:
        attempts(_fetch, address, target, largest)
    except (requests.RequestException, DownloadError, FileURLRetrievalError, OSError) as error:
        raise RetrievalError(
            f"cannot retrieve {address}: {_reason(error)}. Hint: {_advice(address)} set the source's origin to 'local' "
            "and 'path' to a folder that holds its files"
        ) from error
    return target


def _fetch(address: str, target: Path, largest: float) -> None:
    asked = False

    def progress(done: int, total: int | None) -> None:
        nonlocal asked
        if max(done, total or 0) > largest:
            raise RetrievalError(
                f"{address} sends more than {largest / 1e6:.1f} MB. Hint: if it has grown, raise the 'megabytes' stated"
            )
        if total and not asked:
            require_space(target.parent, total - done, address)
        asked = True

    gdown.download(
        url=address,
        output=str(target),
        quiet=True,
        resume=True,
        use_cookies=False,
        timeout=_TIMEOUT,
        progress=progress,
    )


def _cannot_resume(state: RetryCallState) -> bool:
    """The server delivers the file, but not the rest of it (by the message: gdown has one class for all its errors)."""
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, DownloadError) and "byte range" in str(error)


def _start_over(target: Path) -> None:
    """Delete partial files, which the server may be unable to continue."""
    for partial in target.parent.glob(f"{target.name}*.part"):
        partial.unlink()


def _may_pass(error: BaseException) -> bool:
    """Faults that the next try may not meet."""
    if isinstance(error, requests.HTTPError):
        return error.response is not None and error.response.status_code in (429, *range(500, 600))
    return isinstance(error, (requests.ConnectionError, requests.Timeout, DownloadError))


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())


def _advice(address: str) -> str:
    if _DRIVE.match(address):
        return "Google Drive limits downloads of a file; try again tomorrow, or download it with a browser and"
    return "try again later, or on a machine without internet access"

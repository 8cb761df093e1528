"""Files of a Hugging Face repository at one commit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx2
from huggingface_hub import DatasetInfo, HfApi, ModelInfo

from serac.errors import RetrievalError
from serac.sources.content import check_content
from serac.sources.disk import require_space
from serac.sources.lock import Lock

Kind = Literal["model", "dataset"]


@dataclass(frozen=True)
class Listing:
    """A repository at a commit: size in bytes of every file."""

    revision: str
    sizes: dict[str, int]


def retrieve(
    repo: str,
    kind: Kind,
    choose: Callable[[Sequence[str]], list[str]],
    folder: Path,
    lock: Lock,
    revision: str | None = None,
    largest: float = math.inf,
) -> Path:
    """Download the files of ``repo`` that ``choose`` picks from all its names, resuming what is in ``folder``.

    Commit: ``revision``, or the locked one, or the newest. The lock pins it once the content of every file is
    checked. Raises ``RetrievalError`` if the hub cannot be reached, lacks the repository, commit or a file, if the disk
    is too small, if a file has more than ``largest`` bytes, does not match its name, or differs from the lock.
    """
    address = f"hf://{'datasets/' if kind == 'dataset' else ''}{repo}"
    try:
        listing = list_files(repo, kind, revision or lock.revision(address))
        names = choose(list(listing.sizes))
        if big := [name for name in names if listing.sizes[name] > largest]:
            raise RetrievalError(f"{', '.join(big)} of {address} would have more than {largest / 1e6:.0f} MB")
        require_space(folder, sum(listing.sizes[name] for name in names), address)
        files = {name: _fetch(repo, kind, name, listing.revision, folder) for name in names}
    except (httpx2.HTTPError, OSError) as error:
        reason = " ".join(str(error).split())
        raise RetrievalError(
            f"cannot retrieve {address} (revision {revision or 'newest'}): {reason}. Hint: without internet access, "
            "set the "
            f"{'source’s origin' if kind == 'dataset' else 'checkpoint’s source'} to 'local' and 'path' to a folder"
        ) from error
    for file in files.values():
        check_content(file, address)
    lock.check(address, files, listing.revision)
    return folder


def list_files(repo: str, kind: Kind, revision: str | None) -> Listing:
    """The files of ``repo`` at ``revision`` (a commit, branch or tag; None: the newest commit)."""
    info = HfApi().repo_info(repo, repo_type=kind, revision=revision, files_metadata=True)
    assert isinstance(info, (ModelInfo, DatasetInfo))
    assert info.sha is not None
    return Listing(info.sha, {file.rfilename: file.size or 0 for file in info.siblings or ()})


def _fetch(repo: str, kind: Kind, name: str, revision: str, folder: Path) -> Path:
    return Path(HfApi().hf_hub_download(repo, name, repo_type=kind, revision=revision, local_dir=folder))


def model_files(names: Sequence[str]) -> list[str]:
    """Configuration, tokenizer and weights of a model repository: safetensors, otherwise PyTorch's own format.

    Raises ``RetrievalError`` if there are no weights.
    """
    top = [name for name in names if "/" not in name]
    weights = [name for name in top if name.startswith("model") and ".safetensors" in name]
    weights = weights or [name for name in top if name.startswith("pytorch_model") and ".bin" in name]
    if not weights:
        raise RetrievalError(f"the repository has no PyTorch weights, only {', '.join(sorted(top))}")
    others = [name for name in top if name.endswith((".json", ".model", ".txt")) and not _is_index(name)]
    return sorted({*others, *weights})


def _is_index(name: str) -> bool:
    """Whether a JSON file only lists the parts of the weights in some format."""
    return name.endswith(".index.json")

"""Snapshots of model repositories."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from serac.errors import MissingSourceError

_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")


def snapshot(repo: str, revision: str | None, folder: Path) -> Path:
    """Download configuration, tokenizer and weights of ``repo`` into ``folder``, resuming what is there.

    Raises ``MissingSourceError`` if the hub cannot be reached or does not have the repository or revision.
    """
    try:
        return Path(snapshot_download(repo, revision=revision, local_dir=folder, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise MissingSourceError(
            f"cannot retrieve '{repo}' (revision {revision or 'newest'}): {error}. Hint: without internet give the "
            "checkpoint source 'local' and the 'path' of a Hugging Face folder"
        ) from error

"""A web server on this machine that delivers files, behaves like a model hub, and fails when it is told to."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

HUB = re.compile(
    r"/api/(?P<kind>models|datasets)/(?P<repo>[^/]+/[^/]+)(?:/(?P<what>revision|tree)/(?P<revision>[^/]+))?$"
)
RESOLVE = re.compile(r"(?P<datasets>/datasets)?/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[0-9a-f]{40})/(?P<file>.+)$")

CONTENT = b"".join(b'{"line": %d}\n' % number for number in range(200_000))
"""Of ``train.jsonl`` on the server of the fixture ``server``."""


@dataclass
class Server:
    """Files below ``root``; repositories are ``root/models/{owner}/{name}`` and ``root/datasets/{owner}/{name}``.

    ``faults`` maps a path to what happens at its next requests: a status code, or ``"truncate"`` (half of the bytes).
    ``requests`` lists every request as (method, path, first byte).
    """

    root: Path
    address: str = ""
    faults: dict[str, list[int | str | None]] = field(default_factory=dict)
    requests: list[tuple[str, str, int]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"

    def commit(self, folder: Path) -> str:
        """What stands for the newest commit of a repository: changes with its content."""
        content = "".join(f"{path.name}{hashlib.sha1(path.read_bytes()).hexdigest()}" for path in files_of(folder))
        return hashlib.sha1(content.encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def serve(root: Path) -> Iterator[Server]:
    server = Server(root)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, server))
    server.address = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, server: Server, *arguments: object) -> None:
        self.files = server
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        start = int(re.findall(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))[0])
        self.files.requests.append((self.command, path, start))
        fault = self.files.faults[path].pop(0) if self.files.faults.get(path) else None
        if isinstance(fault, int):
            self._send(fault, b"fault", {})
        elif match := HUB.match(path):
            self._describe(match)
        else:
            file, headers = self._resolve(path)
            if file is None or not file.is_file():
                self._send(404, b"not found", {"X-Error-Code": "EntryNotFound"})
            else:
                start = 0 if fault == "whole" else start  # a server that knows no ranges
                self._deliver(file.read_bytes(), start, headers, truncated=fault == "truncate")

    def _describe(self, match: re.Match[str]) -> None:
        folder = self.files.root / match["kind"] / match["repo"]
        if not folder.is_dir():
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        names = {str(path.relative_to(folder)): path.stat().st_size for path in files_of(folder)}
        siblings = [{"rfilename": name, "size": size, "blobId": "0"} for name, size in names.items()]
        if match["what"] == "tree":
            files = [{"type": "file", "oid": "0", "size": size, "path": name} for name, size in names.items()]
            self._send(200, json.dumps(files).encode(), {"Content-Type": "application/json"})
            return
        sha = match["revision"] if re.fullmatch("[0-9a-f]{40}", match["revision"] or "") else self.files.commit(folder)
        body = {"_id": "0", "id": match["repo"], "sha": sha, "siblings": siblings}
        self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _resolve(self, path: str) -> tuple[Path | None, dict[str, str]]:
        match = RESOLVE.match(path)
        if not match:
            return self.files.root / path.lstrip("/"), {}
        kind = "datasets" if match["datasets"] else "models"
        return self.files.root / kind / match["repo"] / match["file"], {"X-Repo-Commit": match["revision"]}

    def _deliver(self, content: bytes, start: int, headers: dict[str, str], *, truncated: bool) -> None:
        headers |= {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206 if start else 200, content[start:], headers, truncated=truncated)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, truncated: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[: len(body) // 2] if truncated else body)
        self.close_connection = truncated

    def log_message(self, *_: object) -> None:
        pass


def no_room(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("serac.sources.disk.shutil.disk_usage", lambda _: usage(1e12, 1e12 - free, free))

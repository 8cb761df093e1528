"""Jobs as forks of one process that has imported torch and transformers; the imports take longer than many jobs.

The Snakemake of a run calls :func:`serve`; the server ends with it. A job's script calls :func:`hand_over`, which runs
it in a fork and ends as the fork ends. Jobs in SLURM or outside Snakemake find no server and import for themselves.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

ADDRESS = "SERAC_FORK_SERVER"
"""Environment variable: the socket of the server."""

SPENT = "SERAC_SPENT"
"""Environment variable: processor seconds that a job took before it was handed over."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

_FAMILIES = ("bert", "t5", "bart", "gpt2", "blenderbot_small")
_IMPORTS = (
    "pandas",
    "pyarrow.parquet",
    "matplotlib.pyplot",
    "scipy.stats",
    "torch",
    "torch._dynamo",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    *(f"transformers.models.{family}.modeling_{family}" for family in _FAMILIES),
    "snakemake.iocontainers",
    "serac.editors.from_settings",
    "serac.models.base_model",
    "serac.evaluation.scoring",
    "serac.training",
)
_MEGABYTE = 1 << 20
_STARTED = b"started"


# --- in Snakemake ------------------------------------------------------------------------------------
def serve(command: Sequence[str] = (sys.executable, "-m", __name__)) -> subprocess.Popen[bytes] | None:
    """Start a server that lives as long as this process, and announce it to the processes started from here.

    Returns it, or None if the system lacks what it needs (Linux does not).
    """
    if not hasattr(os, "pidfd_open"):
        return None
    address = f"{tempfile.mkdtemp(prefix='serac-')}/socket"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(128)
    environment = {**os.environ, **ONE_THREAD, "TOKENIZERS_PARALLELISM": "false"}
    inherited = listener.fileno()
    process = subprocess.Popen([*command, str(inherited)], stdin=subprocess.PIPE, pass_fds=[inherited], env=environment)
    atexit.register(process.communicate)  # its standard input ends with this process, however that ends
    listener.close()
    os.environ[ADDRESS] = address
    return process


# --- in a job ----------------------------------------------------------------------------------------
def hand_over(script: str, *, wait: bool) -> None:
    """Run ``script`` in a fork of the server and exit as it does; returns if there is no server.

    A server imports at the first request with ``wait``; until then, other jobs run without it. The fork has
    this process's folder, environment, arguments and output. SIGTERM is passed on.
    """
    address = os.environ.pop(ADDRESS, None)
    if address is None or "SLURM_JOB_ID" in os.environ:
        return
    server = socket.socket(socket.AF_UNIX)
    spent = {SPENT: str(time.process_time())}
    request = {"script": script, "wait": wait, "folder": os.getcwd(), "environment": {**os.environ, **spent}}
    try:
        server.connect(address)
        socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
        started = server.recv(len(_STARTED)) == _STARTED
    except OSError:
        return
    if started:
        signal.signal(signal.SIGTERM, lambda *_: server.sendall(b"t"))
        _exit_like(int(server.recv(16) or 1))


def _exit_like(status: int) -> NoReturn:
    """Exit with a status as :func:`os.waitstatus_to_exitcode` gives it: negative for a signal."""
    if status < 0:
        with contextlib.suppress(OSError):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


# --- the server --------------------------------------------------------------------------------------
def _main(listener: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors need no waiting for
    warm = False
    try:
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if listener not in ready:
                return
            connection, _ = listener.accept()
            message, fds, _, _ = socket.recv_fds(connection, _MEGABYTE, 3)
            request = json.loads(message) if message else {"wait": False}
            if request["wait"] and not warm:
                _import()
                warm = True
            if warm and message and os.fork() == 0:
                listener.close()
                _supervise(connection, request, fds)
            connection.close()
            for fd in fds:
                os.close(fd)
    finally:
        shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)


def _import() -> None:
    for name in _IMPORTS:
        import_module(name)
    gc.collect()
    gc.freeze()  # forks share what is never looked at again


def _supervise(connection: socket.socket, request: dict[str, Any], fds: array.array[int] | list[int]) -> NoReturn:
    """Fork the job, wait for it and report its status; end the job if the requesting process is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        connection.sendall(_STARTED)
    except OSError:  # whoever asked is gone already
        os._exit(1)
    job = os.fork()
    if job == 0:
        connection.close()
        _run(request, fds)
    ended = os.pidfd_open(job)
    watched: list[Any] = [connection, ended]
    while ended not in select.select(watched, [], [])[0]:
        os.kill(job, signal.SIGTERM)
        if not _heard(connection):
            watched = [ended]
    _, status = os.waitpid(job, 0)
    with contextlib.suppress(OSError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _heard(connection: socket.socket) -> bytes:
    with contextlib.suppress(OSError):
        return connection.recv(1)
    return b""


def _run(request: dict[str, Any], fds: array.array[int] | list[int]) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["script"]]
    status = 0
    try:
        runpy.run_path(request["script"], run_name="__main__")
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])))

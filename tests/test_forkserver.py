"""Jobs run as forks of a process that has imported everything, and end as they would by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serac import forkserver

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")

HAND_OVER = "import sys\nfrom serac.forkserver import hand_over\nhand_over(sys.argv[0], wait=True)\n"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that imports next to nothing."""
    os.environ.pop(forkserver.ADDRESS, None)
    run = "import serac.forkserver as f; f._IMPORTS = ('json',); f._main(f.socket.socket(fileno=int(f.sys.argv[1])))"
    process = forkserver.serve((sys.executable, "-c", run))
    assert process is not None
    yield os.environ.pop(forkserver.ADDRESS)
    process.communicate()
    assert process.returncode == 0


def start(folder: Path, address: str | None, script: str) -> subprocess.Popen[str]:
    file = folder / "script.py"
    file.write_text(HAND_OVER + textwrap.dedent(script))
    environment = {**os.environ, **({forkserver.ADDRESS: address} if address else {})}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, str(file)], cwd=folder, env=environment, text=True, stdout=pipe, stderr=pipe
    )


def test_a_job_has_its_own_folder_environment_and_output(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBER", "7")
    job = start(tmp_path, address, "import os; print(os.getcwd(), os.environ['NUMBER'], os.getppid())")
    out, err = job.communicate()
    folder, number, parent = out.split()
    assert (folder, number, err, job.returncode) == (str(tmp_path), "7", "", 0)
    assert int(parent) not in (os.getpid(), job.pid)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("sys.exit(5)", 5),
        ("sys.exit('message')", 1),
        ("raise ValueError('broken')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
    ],
)
def test_a_job_ends_as_its_fork_ends(tmp_path: Path, address: str, script: str, status: int) -> None:
    job = start(tmp_path, address, script)
    _, err = job.communicate()
    assert job.returncode == status
    assert ("broken" in err) == ("broken" in script)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_the_fork_is_told_when_its_job_is_stopped(tmp_path: Path, address: str, sent: signal.Signals) -> None:
    script = """
        import signal, time
        from pathlib import Path
        def stop(*_):
            Path("stopped").touch()
            sys.exit(143)
        signal.signal(signal.SIGTERM, stop)
        Path("started").touch()
        time.sleep(60)
    """
    job = start(tmp_path, address, script)
    await_file(tmp_path / "started")
    job.send_signal(sent)
    await_file(tmp_path / "stopped")
    job.communicate()
    assert job.returncode == (143 if sent == signal.SIGTERM else -9)


def test_without_a_server_a_job_runs_by_itself(tmp_path: Path) -> None:
    job = start(tmp_path, str(tmp_path / "gone"), "import os; print(os.getppid())")
    assert int(job.communicate()[0]) == os.getpid()


def await_file(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear")

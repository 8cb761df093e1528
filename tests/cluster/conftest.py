"""A real SLURM cluster on this host for the tests of this folder."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from slurm_cluster import SCRIPT, Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The cluster, started once; without ``--slurm`` the tests are left out."""
    if not request.config.getoption("--slurm"):
        pytest.skip("left out: needs a SLURM cluster, which `make test-slurm` starts")
    folder = tmp_path_factory.mktemp("cluster")
    started = subprocess.run([SCRIPT, "start", folder], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        subprocess.run([SCRIPT, "stop", folder], check=False)
        pytest.fail(started.stderr)
    exported = dict(re.findall(r"(\w+)=(\S+)", (folder / "env.sh").read_text()))
    path = f"{folder}/bin:{os.environ['PATH']}"
    cluster = Cluster(folder, {**os.environ, "SLURM_CONF": exported["SLURM_CONF"], "PATH": path})
    yield cluster
    for run in cluster.started:
        run.kill()
    subprocess.run([SCRIPT, "stop", folder], check=True)
    kill_jobs_of(cluster)


def kill_jobs_of(cluster: Cluster) -> None:
    """End what outlived its job, such as that of a lost node: without cgroups SLURM may not reach all of it."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("SLURM_CONF") == cluster.env["SLURM_CONF"]:
                process.kill()
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue

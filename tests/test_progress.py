"""The display of progress: on a real terminal, and nothing of it elsewhere."""

from __future__ import annotations

import os
import platform
import pty
import re
import subprocess
from pathlib import Path

import pytest

from serac.workflow.leftover_jobs import last_host
from serac.workflow.progress import Progress, last_line
from snakemake_runs import ROOT, command

RULES = """
rule all:
    input: expand("results/x/{i}.txt", i=range(4))
rule slow:
    output: "results/x/{i}.txt"
    log: "results/x/logs/{i}.log"
    shell: "echo 'step 7  loss 0.5' > {log}; sleep 1.5; touch {output}"
"""


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


def test_the_time_left_follows_rules_and_jobs_side_by_side(clock: list[float]) -> None:
    progress = Progress(now=lambda: clock[0])
    progress.plan({"train": 4, "plot": 2, "total": 6})
    assert progress.seconds_left() is None
    for job in (1, 2):
        progress.announce(job, "train", ["qa"], None)
    clock[0] = 10.0
    progress.finish(1)
    progress.finish(2)
    progress.announce(3, "plot", [], None)
    clock[0] = 12.0
    progress.finish(3)
    # two trainings of 10 s and one plot of 2 s are left; 22 s of work took 12 s
    assert progress.seconds_left() == pytest.approx(22 / (22 / 12))
    assert progress.summary().startswith("3 of 6 jobs done (50%), 0 running, about 1 min left")


def test_a_job_that_failed_is_not_done_and_earlier_runs_are_known(clock: list[float]) -> None:
    progress = Progress(now=lambda: clock[0], known={"train": [60.0]})
    progress.plan({"train": 2})
    progress.announce(1, "train", [], None)
    clock[0] = 30.0
    assert progress.seconds_left() == pytest.approx(90)
    progress.fail(1)
    assert (progress.done, progress.running) == (0, {})


def test_the_last_line_of_a_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert last_line(log) == last_line(None) == ""
    log.write_text("x" * 9000 + "\nstep 20  loss 0.4\n\n")
    assert last_line(log) == "step 20  loss 0.4"


def run(folder: Path, *, terminal: bool) -> str:
    (folder / "Snakefile").write_text(RULES)
    words = command(folder, "--cores", "2", "--logger", "serac", snakefile=folder / "Snakefile")
    if not terminal:
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stderr
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, cwd=folder, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux tells the end of a terminal so
        pass
    assert process.wait() == 0
    return shown.decode()


def test_a_terminal_shows_jobs_logs_and_time_left(tmp_path: Path) -> None:
    shown = run(tmp_path, terminal=True)
    assert re.search(r"0 of 5 jobs done \(0%\)", shown)
    assert re.search(r"slow  \d  0:0\d  step 7  loss 0\.5", shown)
    assert re.search(r"2 of 5 jobs done \(40%\), \d running, ", shown)
    assert "5 of 5 jobs done (100%)" in shown


def test_elsewhere_snakemake_writes_as_usual(tmp_path: Path) -> None:
    text = run(tmp_path, terminal=False)
    assert "jobs done" not in text
    assert "5 of 5 steps (100%) done" in text
    assert last_host(tmp_path) == platform.node()  # as the check for runs of other hosts reads it in Snakemake's log


def test_the_default_profile_asks_for_it() -> None:
    assert "logger: [serac]" in (ROOT / "workflow/profiles/default/config.yaml").read_text()

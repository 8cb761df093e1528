"""What the scripts of the workflow share; importable without torch."""

from __future__ import annotations

import atexit
import gc
import hashlib
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from serac.errors import SeracError
from serac.forkserver import ONE_THREAD, SPENT, hand_over
from serac.workflow import attempts, provenance
from serac.workflow.gpus import take
from serac.workflow.slurm_records import companion_path, record_grant


class Job(Protocol):
    """What scripts use of the object that Snakemake gives them under the name ``snakemake``."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    resources: Any
    log: Any
    config: Any
    rule: str
    scriptdir: str


def start(snakemake: Job, *, torch: bool = False) -> None:
    """One thread, output into the rule's log, records beside it, and user errors as one clear message.

    The records are of the job's cost, of SLURM and, once it has succeeded, of its provenance. Call it before anything
    imports torch. Where the run has a fork server, the script starts anew there, with everything imported; ``torch``
    tells that its imports are worth waiting for.
    """
    hand_over(sys.argv[0], wait=torch)
    os.environ |= ONE_THREAD | {
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    terminal = os.fdopen(os.dup(2), "w")
    log = open(snakemake.log[0], "w", buffering=1, encoding="utf-8")  # noqa: SIM115 - open until the process ends
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log

    started, identity = time.time(), (snakemake.rule, dict(snakemake.wildcards.items()))
    provenance.path_of(snakemake.log[0]).unlink(missing_ok=True)

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        atexit.unregister(finish)
        attempts.end(*identity, attempts.ending_of(kind))
        if issubclass(kind, SeracError):
            message = f"{kind.__name__} in rule {snakemake.rule}: {error}\n"
            log.write(message)
            terminal.write(message)
            terminal.flush()
        else:
            sys.__excepthook__(kind, error, trace)

    def finish() -> None:
        """At the end of a process without an error: of a job that is done, or that SIGTERM stopped."""
        if not all(Path(output).exists() for output in snakemake.output):
            attempts.end(*identity, "time")
            return
        try:
            provenance.write(snakemake, started)
            attempts.end(*identity, None)
        except Exception as error:
            report(type(error), error, error.__traceback__)
            log.flush()
            os._exit(1)  # a result whose record cannot be written is no result; exceptions at exit are ignored

    sys.excepthook = report
    atexit.register(finish)
    attempts.begin(*identity)
    spare_garbage_collection()
    record_grant(snakemake.log[0])
    record_cost(snakemake.log[0])


def record_cost(log: str) -> None:
    """When the process ends, write its wall-clock and processor seconds and peak memory in MB beside its log.

    The columns are those of Snakemake's ``benchmark:``, which cannot see what a fork server does for a job.
    """
    file, started = companion_path(log, "benchmarks", ".tsv"), time.monotonic()
    before = float(os.environ.pop(SPENT, "0"))

    def write() -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        row = (time.monotonic() - started, used.ru_maxrss / 1024, before + used.ru_utime + used.ru_stime)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("s\tmax_rss\tcpu_time\n" + "\t".join(f"{value:.2f}" for value in row) + "\n", encoding="utf-8")

    atexit.register(write)


def spare_garbage_collection() -> None:
    """Look for unreachable cycles rarely, and not at exit.

    What a job imports are millions of objects that live as long as the process: going through them took a quarter of
    a short job's time.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def device(snakemake: Job) -> str:
    """``cuda`` if the run computes there and the job was granted a GPU, which it then has to itself; else ``cpu``."""
    granted = snakemake.resources.get("gpu", 0) > 0
    if not granted or snakemake.config["run"]["device"] != "cuda":
        return "cpu"
    return take(snakemake.resources.get("gpu_mem_mb", 0))


def folder(files: Any) -> Path:
    """The folder that holds a rule's named files."""
    return Path(files if isinstance(files, str) else files[0]).parent


@contextmanager
def training_folder(snakemake: Job) -> Iterator[Path]:
    """A folder for checkpoints that outlives a killed job and is removed when the block succeeds.

    It lies below ``params.work``, apart from the outputs that Snakemake deletes with a failed job, and is named after
    the parameters and the state of the inputs: training resumes only where nothing has changed.
    """
    inputs = [(file, os.stat(file).st_size, os.stat(file).st_mtime_ns) for file in snakemake.input]
    state = json.dumps([dict(snakemake.params.items()), inputs], sort_keys=True)
    work = Path(snakemake.params.work) / hashlib.sha256(state.encode()).hexdigest()[:12]
    yield work
    shutil.rmtree(work, ignore_errors=True)


def load_editor(snakemake: Job) -> tuple[Any, dict[str, Any]]:
    """The job's editor and the hyperparameters that were chosen for it on validation data (none if not tuned).

    Reads the inputs ``base`` and, where the rule has them, ``scope``, ``counterfactual``, ``weights`` and ``tuning``,
    and the parameters ``editor``, ``edited``, ``task`` and ``max_length``.
    """
    from serac.editors.from_settings import assemble
    from serac.models.base_model import load_base

    params, files = snakemake.params, snakemake.input
    base, task = load_base(folder(files.base), params.task, params.max_length, device(snakemake))
    parts = {part: folder(files[part]) for part in ("scope", "counterfactual", "weights") if part in files.keys()}  # noqa: SIM118
    editor = assemble(params.editor, base, task, matrices=params.edited, **parts)
    if "tuning" not in files.keys():  # noqa: SIM118
        return editor, {}
    choice = json.loads(Path(files.tuning).read_text(encoding="utf-8"))["best"]
    return editor.tuned(**choice), choice

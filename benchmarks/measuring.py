"""What the programs share: clocks, peak memory, and a description of the machine."""

from __future__ import annotations

import argparse
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import torch
from random_models import ENCODER_SIZES, T5_SIZES


def seconds(run: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def medians(
    ways: Mapping[str, Callable[[Any], Any]], draw: Callable[[], Any], *, warmup: int, repeats: int
) -> dict[str, float]:
    """Median milliseconds of every way, round by round side by side; each call gets an input of its own."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(warmup + repeats):
        for way, run in ways.items():
            one = draw()
            elapsed = seconds(partial(run, one))
            if number >= warmup:
                times[way].append(1000 * elapsed)
    return {way: statistics.median(values) for way, values in times.items()}


class Peak:
    """Largest resident memory of the process inside the ``with`` block, sampled every few milliseconds."""

    def __enter__(self) -> Peak:
        self.process, self.stopped = psutil.Process(), threading.Event()
        self.megabytes = self._now()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()
        self.megabytes = max(self.megabytes, self._now())

    def _now(self) -> float:
        return float(self.process.memory_info().rss) / 1e6

    def _watch(self) -> None:
        while not self.stopped.wait(0.005):
            self.megabytes = max(self.megabytes, self._now())


def machine() -> dict[str, str]:
    """Processor, memory and versions that the numbers hold for."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores, threads = psutil.cpu_count(logical=False), psutil.cpu_count()
    return {
        "processor": f"{names[0] if names else platform.processor() or platform.machine()}, "
        f"{cores} physical core(s), {threads} logical",
        "instructions": f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} thread(s) of torch",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }


def parser(description: str | None, *, models: bool = True) -> argparse.ArgumentParser:
    """Options that all programs have."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if models:
        result.add_argument("--base", choices=T5_SIZES, default="t5-base")
        result.add_argument("--counterfactual", choices=T5_SIZES, default="t5-small")
        result.add_argument("--encoder", choices=ENCODER_SIZES, default="distilbert")
    result.add_argument("--threads", type=int, default=1)
    result.add_argument("--out", help="CSV file")
    return result


def sizes(options: argparse.Namespace) -> dict[str, str]:
    """Columns that name the sizes of the models."""
    return {"base": options.base, "encoder": options.encoder}


def run(options: argparse.ArgumentParser, measure: Callable[[argparse.Namespace], pd.DataFrame]) -> None:
    """What every program does: measure by the command line, print the table and write it to ``--out``."""
    chosen = options.parse_args()
    report(measure(chosen), chosen.out)


def report(table: pd.DataFrame, out: Path | str | None) -> None:
    """Print a table and write it."""
    print(table.round(4).to_string(index=False), flush=True)
    if out:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(out, index=False)


def progress(row: Mapping[str, Any]) -> None:
    """Print one finished row."""
    print(", ".join(f"{name} {_short(value)}" for name, value in row.items()), flush=True)


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value

"""What the embedded edit store costs at up to a million edits: changes, saving, opening, searching, memory.

Vectors are random ones around centres, as paraphrases lie around facts, so nothing is encoded: what is measured is the
store. Opening and searching happen in a fresh process. Run, for instance:

    python benchmarks/edit_store.py --sizes 1000 100000 1000000 --width 384 --out store.csv
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measuring
import numpy as np
import pandas as pd
import torch
from index_recall import NEAR, SPREAD

from serac.config.serac import MemorySettings
from serac.editors.serac.embed import SHORTLIST
from serac.editors.serac.embedded_store import EmbeddedStore
from serac.editors.serac.memory_file import MemoryContent, read_segments
from serac.records import Edit

BLOCK = 16384
CLUSTER = 20
"""Edits around a centre."""


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """One row per size."""
    torch.set_num_threads(options.threads)
    rows = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            about = {"edits": size, "width": options.width, **filled(Path(folder), size, options)}
            rows.append({**about, **_in_a_process(Path(folder), options)})
        measuring.progress(rows[-1])
    return pd.DataFrame(rows)


def filled(folder: Path, size: int, options: argparse.Namespace) -> dict[str, float]:
    """Fill and save a store in ``folder``; seconds of that, and milliseconds of single changes and of saving them."""
    settings = MemorySettings(precision="float16", approximate_above=options.approximate_above, probes=options.probes)
    content = MemoryContent(classifier="embed", settings=settings, next_id=0)
    store = EmbeddedStore(settings, 1, options.width)
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(max(1, size // CLUSTER), options.width, generator=generator)
    for start in range(0, size, BLOCK):
        count = min(BLOCK, size - start)
        noise = torch.randn(count, options.width, generator=generator)
        near = centres[torch.randint(len(centres), (count,), generator=generator)]
        store.add([_edit(number) for number in range(start, start + count)], noise.mul_(SPREAD).add_(near))
    saved = measuring.seconds(lambda: store.save(folder, content.model_copy(update={"next_id": store.next_id})))
    new = torch.randn(options.repeats, options.width, generator=generator)
    times: dict[str, list[float]] = {"add": [], "replace": [], "remove": [], "save": []}
    for number, row in enumerate(new.split(1)):
        changes: dict[str, Callable[[], object]] = {
            "add": partial(store.add, [_edit(size + number)], row),
            "replace": partial(store.replace, number, _edit(-number), row),
            "remove": partial(store.remove, [size // 2 + number]),
            "save": lambda: store.save(folder, content.model_copy(update={"next_id": store.next_id})),
        }
        for name, change in changes.items():
            times[name].append(1000 * measuring.seconds(change))
    return {"save_all_s": saved, **{f"{name}_ms": float(np.median(some)) for name, some in times.items()}}


def _edit(number: int) -> Edit:
    return Edit(f"Which river flows through the town of Number {number}?", f"The answer {number}")


def _in_a_process(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    words = ["--here", str(folder), "--threads", str(options.threads), "--repeats", str(options.repeats)]
    done = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def opened(options: argparse.Namespace) -> dict[str, float]:
    """Seconds to open a store and search it once, milliseconds of later searches, their recall, peak memory in MB.

    The columns with ``cpu`` count processor time, which other processes do not stretch.
    """
    torch.set_num_threads(options.threads)
    folder = Path(options.here)
    with measuring.Peak() as peak:
        started, busy = time.perf_counter(), time.process_time()
        segments = read_segments(folder, torch.device("cpu"))
        store = EmbeddedStore.of(segments[-1].content.settings, folder, segments)
        first = store.vectors.rows(0, 1).float().flatten(1)
        store.nearest(first, SHORTLIST)
        open_s, open_cpu_s = time.perf_counter() - started, time.process_time() - busy
        generator = torch.Generator().manual_seed(1)
        slots = torch.randint(store.columns.slots, (10 * options.repeats,), generator=generator)
        queries = store.vectors.at(slots).float().flatten(1)
        queries += NEAR * torch.randn(queries.shape, generator=generator)
        used = time.process_time()
        times = [1000 * measuring.seconds(partial(store.nearest, one, SHORTLIST)) for one in queries.split(1)]
        used = time.process_time() - used
        batches = [1000 * measuring.seconds(partial(store.nearest, part, SHORTLIST)) for part in queries.split(32)]
    found = torch.cat([store.nearest(part, SHORTLIST)[0].amin(1) for part in queries.split(32)])
    exact = torch.cat([store.nearest(part, SHORTLIST, exact=True)[0].amin(1) for part in queries.split(32)])
    return {
        "open_s": open_s,
        "open_cpu_s": open_cpu_s,
        "search_ms": float(np.median(times)),
        "search_cpu_ms": 1000 * used / len(times),
        "search_p99_ms": float(np.quantile(times, 0.99)),
        "search_32_ms": float(np.median(batches)),
        "recall_at_1": (found <= exact + 1e-3).float().mean().item(),
        "peak_mb": peak.megabytes,
    }


def parser() -> argparse.ArgumentParser:
    """The options of this program."""
    result = measuring.parser(__doc__, models=False)
    result.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000], help="edits")
    result.add_argument("--width", type=int, default=384, help="width of a vector")
    result.add_argument("--approximate-above", type=int, default=20_000, help="edits above which faiss searches")
    result.add_argument("--probes", type=int, default=32, help="cells searched per query")
    result.add_argument("--repeats", type=int, default=20, help="changes, and a tenth of the searches, that are timed")
    result.add_argument("--here", help=argparse.SUPPRESS)
    return result


if __name__ == "__main__":
    chosen = parser().parse_args()
    if chosen.here:
        print(json.dumps(opened(chosen)))
    else:
        measuring.report(measure(chosen), chosen.out)

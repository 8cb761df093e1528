"""Peak memory of a process that fills, saves, loads and uses an edit memory, in a fresh process for each size.

Edits are added in blocks, as they would arrive; each forward pass reads a batch of new questions. Run, for instance:

    python benchmarks/memory_peak.py --sizes 10 100000 --batch-size 32 --out peak.csv
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile

import measuring
import pandas as pd
import torch
from memory_scaling import batches, filled, known_edits, memory_settings, threshold
from random_models import random_models

from serac.config.serac import RoutingSettings
from serac.editors.serac.memory import EditMemory

PHASES = ("filled", "saved", "loaded")


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """Peak megabytes of every phase by kind and size, and the largest above that of the smallest memory."""
    rows = []
    for kind in options.kinds:
        peaks = {size: _in_a_process(options, kind, size) for size in sorted(options.sizes)}
        smallest = max(peaks[min(options.sizes)].values())
        for size, peak in peaks.items():
            above = max(peak.values()) - smallest
            columns = {f"{phase}_mb": value for phase, value in peak.items()}
            about = {"kind": kind, **measuring.sizes(options), "edits": size, "batch": options.batch_size}
            rows.append({**about, **columns, "above_mb": above})
            measuring.progress(rows[-1])
    return pd.DataFrame(rows)


def phases(options: argparse.Namespace, kind: str, size: int) -> dict[str, float]:
    """Peak megabytes of this process: adding and forward passes, saving, loading and forward passes."""
    torch.set_num_threads(options.threads)
    models = random_models(options.base, options.counterfactual, options.encoder)
    classifier = models.classifier(kind)
    settings = memory_settings(options, kind)
    peaks = {phase: measuring.Peak() for phase in PHASES}
    with tempfile.TemporaryDirectory() as folder:
        with peaks["filled"]:
            model, _ = filled(models, classifier, size, settings)
            model.settings = RoutingSettings(threshold=threshold(models, model, 0.5))
            inputs = batches(models, known_edits(model.memory)[:1], options.batch_size)
            model(**next(inputs))
        with peaks["saved"]:
            model.memory.save_pretrained(folder)
        model.memory = EditMemory(classifier, settings)
        with peaks["loaded"]:
            model.memory = EditMemory.from_pretrained(folder, classifier)
            model(**next(inputs))
    return {phase: peak.megabytes for phase, peak in peaks.items()}


def _in_a_process(options: argparse.Namespace, kind: str, size: int) -> dict[str, float]:
    passed = ("base", "counterfactual", "encoder", "threads", "candidates", "approximate_above", "batch_size")
    chosen = {name: getattr(options, name) for name in passed if getattr(options, name) is not None}
    words = [word for name, value in chosen.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, __file__, *words, "--kinds", kind, "--sizes", str(size), "--here"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def parser() -> argparse.ArgumentParser:
    """The options of this program."""
    result = measuring.parser(__doc__)
    result.add_argument("--sizes", type=int, nargs="+", default=[10, 1000], help="edits in the memory")
    result.add_argument("--batch-size", type=int, default=32, help="inputs per forward pass")
    result.add_argument("--kinds", nargs="+", choices=("embed", "cross"), default=["embed", "cross"])
    result.add_argument("--candidates", type=int, default=3, help="entries that a cross classifier reads")
    result.add_argument("--approximate-above", type=int, help="entries above which faiss searches")
    result.add_argument("--here", action="store_true", help="one kind and size in this process, as JSON")
    return result


if __name__ == "__main__":
    chosen = parser().parse_args()
    if chosen.here:
        print(json.dumps(phases(chosen, chosen.kinds[0], chosen.sizes[0])))
    else:
        measuring.report(measure(chosen), chosen.out)

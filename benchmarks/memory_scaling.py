"""What SERAC costs with memories of growing size, against the base model alone and against the reference's way.

Everything is measured side by side in one process, round by round, with texts that no cache has seen; the medians
count. Large memories are filled with vectors near those of really encoded edits, because encoding 100,000 edits
takes an hour on a CPU and costs later calls nothing. Run, for instance:

    python benchmarks/memory_scaling.py --sizes 1 10 100 1000 10000 100000 --batch-sizes 1 32 --out scaling.csv
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import psutil
import torch
from random_models import ENCODER_SIZES, T5_SIZES, Models, edits, questions, random_models
from reference_way import ReferenceWay

from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.model import SeracModel
from serac.editors.serac.scope import ScopeClassifier
from serac.records import Edit

ENCODED = 1000
"""Edits of a large memory that are really encoded; the others lie near them."""


def main() -> None:
    """Measure and print one row for each kind of classifier, memory size and batch size."""
    options = _options()
    torch.set_num_threads(options.threads)
    models = random_models(options.base, options.counterfactual, options.encoder)
    rows = []
    for kind in options.kinds:
        classifier = models.classifier(kind)
        for size in options.sizes:
            model, row = filled(models, classifier, size, _memory_settings(options, kind))
            row = {"kind": kind, "edits": size, **row, **saved_and_loaded(model.memory)}
            for batch_size in options.batch_sizes:
                rows.append({**row, "batch": batch_size, **latencies(models, model, batch_size, options)})
                print(pd.DataFrame(rows[-1:]).round(4).to_string(index=False), flush=True)
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    if options.out:
        table.to_csv(options.out, index=False)


def filled(
    models: Models, classifier: ScopeClassifier, size: int, settings: MemorySettings
) -> tuple[SeracModel, dict[str, float]]:
    """SERAC with ``size`` edits, and what adding one costs."""
    model = SeracModel(models.base, models.task, classifier, models.counterfactual, memory=settings)
    everything = edits(random.Random(size), size)
    started = time.perf_counter()
    model.add(everything[:ENCODED])
    seconds = (time.perf_counter() - started) / min(size, ENCODED)
    if size > ENCODED:
        model.memory.add(everything[ENCODED:], _near(model.memory, size - ENCODED))
    return model, {"add_ms": 1000 * seconds}


def _near(memory: EditMemory, count: int) -> torch.Tensor | None:
    if not len(memory.vectors):
        return None
    generator = torch.Generator().manual_seed(count)
    known = memory.vectors.rows.flatten(1)
    vectors = known[torch.randint(len(known), (count,), generator=generator)]
    return vectors.add_(torch.randn(vectors.shape, generator=generator), alpha=known.std(0).mean().item())


def saved_and_loaded(memory: EditMemory) -> dict[str, float]:
    """Seconds to write the memory and to load it again."""
    with tempfile.TemporaryDirectory() as folder:
        save = _seconds(lambda: memory.save_pretrained(folder))
        return {"save_s": save, "load_s": _seconds(lambda: EditMemory.from_pretrained(folder, memory.classifier))}


def latencies(models: Models, model: SeracModel, batch_size: int, options: argparse.Namespace) -> dict[str, float]:
    """Milliseconds of one forward pass of each way and the ratios that count."""
    rng = random.Random(batch_size)
    model.settings = RoutingSettings(threshold=_middle(model, rng))
    ways: dict[str, Callable[[dict[str, Any]], Any]] = {
        "base": lambda batch: models.base(**batch),
        "encoder": lambda batch: _encode(model.classifier, models.task.texts(batch["input_ids"])),
        "serac": lambda batch: model(**batch),
    }
    if len(model.memory) * (batch_size if model.classifier.kind == "cross" else 1) <= options.reference_limit:
        ways["reference"] = _reference(models, model)
    peak = _Peak()
    times = {way: [] for way in ways}
    with torch.no_grad(), peak:
        for round_number in range(options.warmup + options.repeats):
            for way, run in ways.items():
                batch = _batch(models, model.memory.edits, rng, batch_size)
                seconds = _seconds(lambda run=run, batch=batch: run(batch))  # type: ignore[misc]
                if round_number >= options.warmup:
                    times[way].append(1000 * seconds)
    medians = {f"{way}_ms": statistics.median(values) for way, values in times.items()}
    return {**medians, **_ratios(medians), "peak_mb": peak.megabytes, "routed": _share(model)}


def _ratios(medians: dict[str, float]) -> dict[str, float]:
    base, encoder, serac = (medians[f"{way}_ms"] for way in ("base", "encoder", "serac"))
    ratios = {"serac_to_base": serac / base, "serac_to_base_and_encoder": serac / (base + encoder)}
    if "reference_ms" in medians:
        ratios["reference_to_base"] = medians["reference_ms"] / base
        ratios["overhead_ratio"] = (medians["reference_ms"] - base) / max(serac - base, 1e-9)
    return ratios


def _batch(models: Models, known: Sequence[Edit], rng: random.Random, size: int) -> dict[str, torch.Tensor]:
    """Questions of which every other one resembles an edit."""
    texts = questions(rng, size)
    for place in range(0, size, 2):
        first, *rest = rng.choice(known[:ENCODED]).input.split()
        texts[place] = " ".join([first, texts[place].split()[1], *rest[1:]])
    return models.task.encode(texts, [" ".join(text.split()[-2:]) for text in texts])


def _middle(model: SeracModel, rng: random.Random) -> float:
    """The threshold that about half of the questions pass."""
    beta = model.memory.retrieve(questions(rng, 8)).beta
    return min(beta.median().item(), 1.0)


def _share(model: SeracModel) -> float:
    return model.routing()["routed"].float().mean().item()


def _encode(classifier: ScopeClassifier, texts: Sequence[str]) -> torch.Tensor:
    return classifier.encoder.base_model(**classifier.encode(texts)).last_hidden_state


def _reference(models: Models, model: SeracModel) -> Callable[[dict[str, Any]], torch.Tensor]:
    way = ReferenceWay(
        models.base, models.task, model.classifier, models.counterfactual, model.memory.edits, model.settings.threshold
    )
    return lambda batch: way(**batch)


def _seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


class _Peak:
    """Largest resident memory of the process inside the ``with`` block, sampled every few milliseconds."""

    def __enter__(self) -> None:
        self.process, self.stopped, self.megabytes = psutil.Process(), threading.Event(), 0.0
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.stopped.wait(0.005):
            self.megabytes = max(self.megabytes, self.process.memory_info().rss / 2**20)


def _memory_settings(options: argparse.Namespace, kind: str) -> MemorySettings:
    candidates = options.candidates if kind == "cross" else None
    return MemorySettings(candidates=candidates, approximate_above=options.approximate_above)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100, 1000], help="edits in the memory")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 32], help="inputs a forward pass")
    parser.add_argument("--kinds", nargs="+", choices=("embed", "cross"), default=["embed", "cross"])
    parser.add_argument("--base", choices=T5_SIZES, default="t5-base")
    parser.add_argument("--counterfactual", choices=T5_SIZES, default="t5-small")
    parser.add_argument("--encoder", choices=ENCODER_SIZES, default="distilbert")
    parser.add_argument("--candidates", type=int, default=3, help="entries that a cross classifier reads")
    parser.add_argument("--approximate-above", type=int, help="entries above which faiss searches")
    parser.add_argument(
        "--reference-limit", type=int, default=1000, help="entries (cross: pairs) up to which the reference's way runs"
    )
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="CSV file")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""What SERAC costs with memories of growing size, against the base model alone and against the reference's way.

Everything is measured side by side in one process, round by round, with texts that no cache has seen; the medians
count. Large memories are filled with vectors near those of really encoded edits, because encoding 100,000 edits
takes an hour on a CPU and costs later calls nothing. Run, for instance:

    python benchmarks/memory_scaling.py --sizes 1 10 100 1000 10000 100000 --batch-sizes 1 32 --out scaling.csv
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import measuring
import pandas as pd
import torch
from random_models import Models, edits, questions, random_models
from reference_way import ReferenceWay

from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.model import SeracModel
from serac.editors.serac.scope import ScopeClassifier
from serac.records import Edit

ENCODED = 1000
"""Edits of a large memory that are really encoded; the others lie near them."""
BLOCK = 1000
"""Edits that are added at once."""
SAMPLE = 64
"""Questions whose probabilities place the threshold."""


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """One row for each kind of classifier, memory size, batch size and share of routed inputs."""
    torch.set_num_threads(options.threads)
    models = random_models(options.base, options.counterfactual, options.encoder)
    rows = []
    for kind in options.kinds:
        classifier = models.classifier(kind)
        for size in options.sizes:
            model, added = filled(models, classifier, size, memory_settings(options, kind))
            about = {
                "kind": kind,
                **measuring.sizes(options),
                "edits": size,
                "add_ms": added,
                **saved_and_loaded(model.memory),
            }
            for batch_size in options.batch_sizes:
                for share in options.shares:
                    rows.append({**about, "batch": batch_size, "share": share})
                    rows[-1] |= latencies(models, model, batch_size, share, options)
                    measuring.progress(rows[-1])
    return pd.DataFrame(rows)


def filled(
    models: Models, classifier: ScopeClassifier, size: int, settings: MemorySettings
) -> tuple[SeracModel, float]:
    """SERAC with ``size`` edits, and the milliseconds that adding one takes."""
    model = SeracModel(models.base, models.task, classifier, models.counterfactual, memory=settings)
    everything = edits(random.Random(size), size)
    elapsed = measuring.seconds(lambda: model.add(everything[:ENCODED]))
    store: Any = model.memory.store
    known = store.vectors.rows().flatten(1).float()
    generator = torch.Generator().manual_seed(size)
    for start in range(ENCODED, size, BLOCK):
        block = everything[start : start + BLOCK]
        model.memory.add(block, _near(known, len(block), generator) if len(known) else None)
    return model, 1000 * elapsed / min(size, ENCODED)


def known_edits(memory: EditMemory) -> list[Edit]:
    """The edits that were really encoded."""
    return memory.store.edits(memory.ids[:ENCODED])


def _near(known: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    vectors = known[torch.randint(len(known), (count,), generator=generator)]
    return vectors.add_(torch.randn(vectors.shape, generator=generator), alpha=known.std(0).mean().item())


def saved_and_loaded(memory: EditMemory) -> dict[str, float]:
    """Seconds to write the memory and to load it again."""
    with tempfile.TemporaryDirectory() as folder:
        save = measuring.seconds(lambda: memory.save_pretrained(folder))
        load = measuring.seconds(lambda: EditMemory.from_pretrained(folder, memory.classifier))
    return {"save_s": save, "load_s": load}


def latencies(
    models: Models, model: SeracModel, batch_size: int, share: float, options: argparse.Namespace
) -> dict[str, float]:
    """Milliseconds of one forward pass of each way and the ratios that count."""
    case = f"{len(model.memory)}/{share}"  # texts of its own for each: the classifier remembers what it has encoded
    inputs = batches(models, known_edits(model.memory), batch_size, case)
    model.settings = RoutingSettings(threshold=threshold(models, model, share))
    shares: list[float] = []
    ways: dict[str, Callable[[dict[str, Any]], Any]] = {
        "base": lambda batch: models.base(**batch),
        "encoder": lambda batch: _encode(model.classifier, models.task.texts(batch["input_ids"])),
        "serac": lambda batch: shares.append(_routed(model, batch)),
    }
    if len(model.memory) * (batch_size if model.classifier.kind == "cross" else 1) <= options.reference_limit:
        way = ReferenceWay.of(model)
        ways["reference"] = lambda batch: way(**batch)
    with torch.no_grad(), measuring.Peak() as peak:
        found = measuring.medians(ways, lambda: next(inputs), warmup=options.warmup, repeats=options.repeats)
    found = {f"{way}_ms": value for way, value in found.items()}
    return {**found, **_ratios(found), "peak_mb": peak.megabytes, "routed": statistics.fmean(shares[options.warmup :])}


def _ratios(medians: dict[str, float]) -> dict[str, float]:
    base, encoder, serac = (medians[f"{way}_ms"] for way in ("base", "encoder", "serac"))
    ratios = {"serac_to_base": serac / base, "serac_to_base_and_encoder": serac / (base + encoder)}
    if "reference_ms" in medians:
        ratios["reference_to_base"] = medians["reference_ms"] / base
        overhead = serac - base
        ratios["overhead_ratio"] = (medians["reference_ms"] - base) / overhead if overhead > 0 else math.inf
    return ratios


def batches(models: Models, known: Sequence[Edit], size: int, case: str = "") -> Iterator[dict[str, torch.Tensor]]:
    """Endless batches of new questions, others for each ``case``; about every other one resembles an edit."""
    rng = random.Random(f"batches/{size}/{case}")
    while True:
        texts = [_like(rng.choice(known), text) if rng.random() < 0.5 else text for text in questions(rng, size)]
        yield models.task.encode(texts, [" ".join(text.split()[-2:]) for text in texts])


def _like(edit: Edit, text: str) -> str:
    first, *rest = edit.input.split()
    return " ".join([first, text.split()[1], *rest[1:]])


def threshold(models: Models, model: SeracModel, share: float) -> float:
    """The threshold that about this share of the questions passes; 0 and 1 mean none and all of them."""
    if share in (0, 1):
        return 1.0 - share
    sample = next(batches(models, known_edits(model.memory), SAMPLE))
    beta = model.memory.retrieve(models.task.texts(sample["input_ids"])).beta
    return min(float(beta.quantile(1 - share)), 1.0)


def _routed(model: SeracModel, batch: dict[str, Any]) -> float:
    model(**batch)
    return float(model.routing()["routed"].float().mean())


def _encode(classifier: ScopeClassifier, texts: Sequence[str]) -> torch.Tensor:
    states: torch.Tensor = classifier.encoder.base_model(**classifier.encode(texts)).last_hidden_state
    return states


def memory_settings(options: argparse.Namespace, kind: str) -> MemorySettings:
    """The two-stage search for Cross, what the options say for Embed."""
    candidates = options.candidates if kind == "cross" else None
    return MemorySettings(candidates=candidates, approximate_above=options.approximate_above)


def parser() -> argparse.ArgumentParser:
    """The options of this program."""
    result = measuring.parser(__doc__)
    result.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100, 1000], help="edits in the memory")
    result.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 32], help="inputs per forward pass")
    result.add_argument("--shares", type=float, nargs="+", default=[0.5], help="shares of inputs that are routed")
    result.add_argument("--kinds", nargs="+", choices=("embed", "cross"), default=["embed", "cross"])
    result.add_argument("--candidates", type=int, default=3, help="entries that a cross classifier reads")
    result.add_argument("--approximate-above", type=int, help="entries above which faiss searches")
    result.add_argument(
        "--reference-limit", type=int, default=1000, help="entries (cross: pairs) up to which the reference's way runs"
    )
    result.add_argument("--warmup", type=int, default=1)
    result.add_argument("--repeats", type=int, default=5)
    return result


if __name__ == "__main__":
    measuring.run(parser(), measure)

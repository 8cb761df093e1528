"""What the approximate index finds of the exact search's result, and how much sooner, on clustered vectors.

Rows lie around random centres, as paraphrases lie around facts; queries lie near rows. ``recall_at_1`` is the share
of queries whose nearest row is the exact one, ``recall_at_8`` the share of the exact eight nearest that are found
(a classifier scores a shortlist of eight again). Run, for instance:

    python benchmarks/index_recall.py --sizes 10000 100000 --probes 8 32 128 --out recall.csv
"""

from __future__ import annotations

import argparse
from typing import Any

import measuring
import pandas as pd
import torch
from torch import Tensor

from serac.config.serac import MemorySettings
from serac.editors.serac.embed import SHORTLIST
from serac.editors.serac.embedded_store import EmbeddedStore
from serac.records import Edit

SPREAD = 0.5
"""Standard deviation of rows around their centre, in units of that of the centres."""
NEAR = 0.25
"""The same of queries around their row."""


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """One row for each number of rows, probes and batch size."""
    torch.set_num_threads(options.threads)
    _limit_faiss(options.threads)
    rows = []
    for size in options.sizes:
        data = clustered(size, options.width, max(1, size // options.cluster_size))
        queries = near(data, options.queries)
        exact = store_of(data)
        _, best = exact.nearest(queries, SHORTLIST)
        for probes in options.probes:
            store = store_of(data, approximate_above=1, probes=probes)
            build = _build(store)
            about = {"rows": size, "width": options.width, "probes": probes, "build_s": build}
            for batch_size in options.batch_sizes:
                found = {**about, **recall(store, queries, best), "batch": batch_size}
                rows.append({**found, **_times(exact, store, data, batch_size, options)})
                measuring.progress(rows[-1])
    return pd.DataFrame(rows)


def store_of(data: Tensor, **settings: Any) -> EmbeddedStore:
    """A store with these rows float32 [n, width]."""
    store = EmbeddedStore(MemorySettings(**settings), 1, data.shape[1])
    store.add([Edit("", "")] * len(data), data)
    return store


def _build(store: EmbeddedStore) -> float:
    """Seconds until the first search, which places the cells, is done."""
    return measuring.seconds(lambda: store.nearest(store.vectors.rows(0, 1).flatten(1), 1))


def clustered(count: int, width: int, clusters: int, seed: int = 0) -> Tensor:
    """Rows float32 [count, width] around random centres."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(clusters, width, generator=generator)
    noise = torch.randn(count, width, generator=generator)
    return noise.mul_(SPREAD).add_(centres[torch.randint(clusters, (count,), generator=generator)])


def near(rows: Tensor, count: int, seed: int = 1) -> Tensor:
    """Queries float32 [count, width], each near a random row."""
    generator = torch.Generator().manual_seed(seed)
    chosen = rows[torch.randint(len(rows), (count,), generator=generator)]
    return chosen + NEAR * torch.randn(chosen.shape, generator=generator)


def recall(store: EmbeddedStore, queries: Tensor, best: Tensor) -> dict[str, float]:
    """Recall of a store's search against the exact positions ``best`` int64 [T, SHORTLIST], nearest first."""
    _, found = store.nearest(queries, best.shape[1])
    hits = (best[:, :, None] == found[:, None, :]).any(-1).float()
    return {"recall_at_1": hits[:, 0].mean().item(), f"recall_at_{best.shape[1]}": hits.mean().item()}


def _times(
    exact: EmbeddedStore, store: EmbeddedStore, data: Tensor, batch_size: int, options: argparse.Namespace
) -> dict[str, float]:
    ways = {
        "exact": lambda queries: exact.nearest(queries, SHORTLIST),
        "approximate": lambda queries: store.nearest(queries, SHORTLIST),
    }
    seeds = iter(range(2, 10**6))
    found = measuring.medians(
        ways, lambda: near(data, batch_size, next(seeds)), warmup=options.warmup, repeats=options.repeats
    )
    milliseconds = {f"{way}_ms": value for way, value in found.items()}
    return {**milliseconds, "exact_to_approximate": found["exact"] / found["approximate"]}


def _limit_faiss(threads: int) -> None:
    import faiss

    faiss.omp_set_num_threads(threads)


def parser() -> argparse.ArgumentParser:
    """The options of this program."""
    result = measuring.parser(__doc__, models=False)
    result.add_argument("--sizes", type=int, nargs="+", default=[10000], help="rows")
    result.add_argument("--width", type=int, default=768, help="width of a row")
    result.add_argument("--cluster-size", type=int, default=20, help="rows around a centre")
    result.add_argument("--probes", type=int, nargs="+", default=[8, 32, 128], help="cells searched a query")
    result.add_argument("--queries", type=int, default=1000, help="queries that the recall is measured on")
    result.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 32], help="queries a timed search")
    result.add_argument("--warmup", type=int, default=2)
    result.add_argument("--repeats", type=int, default=20)
    return result


if __name__ == "__main__":
    measuring.run(parser(), measure)

"""Wall-clock and peak memory of one forward pass: the base model against an edited one, side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from serac.config.evaluation import CostSettings
from serac.editors.base import Editor
from serac.records import Edit, Query
from serac.tasks.base import Task, device_of


def measure_cost(
    editor: Editor, edits: Sequence[Edit], queries: Sequence[Query], settings: CostSettings
) -> dict[str, Any]:
    """Cost of one forward pass over ``settings.batch_size`` queries with ``settings.edits`` edits in memory.

    Returns numbers for JSON: ``base_seconds`` and ``edited_seconds`` (medians of passes that alternate between the
    two), ``base_bytes`` and ``edited_bytes`` (weights and buffers, plus the peak of what one pass allocates), ``ratio``
    (the median of ``ratios``, those of neighbouring passes), ``edits``, ``batch``, ``repeats``, ``device``. Every pass
    reads other texts where there are enough, so that remembered encodings do not flatter the edited model.
    """
    queries = list({query.input: query for query in queries}.values())
    edited = editor.edit(edits[: settings.edits])
    batches = _batches(queries, settings)
    passes = {"base": _forward(editor.base, editor.task), "edited": _forward(edited, editor.task)}
    seconds: dict[str, list[float]] = {way: [] for way in passes}
    for number, batch in enumerate(batches[:-1]):
        for way, run in passes.items():
            elapsed = _timed(run, batch, device_of(editor.base))
            if number >= settings.warmup:
                seconds[way].append(elapsed)
    ratios = [after / before for before, after in zip(seconds["base"], seconds["edited"], strict=True)]
    return {
        **{f"{way}_seconds": statistics.median(times) for way, times in seconds.items()},
        "base_bytes": module_bytes(editor.base) + peak_allocation(lambda: passes["base"](batches[-1])),
        "edited_bytes": module_bytes(edited) + peak_allocation(lambda: passes["edited"](batches[-1])),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "edits": min(settings.edits, len(edits)),
        "batch": settings.batch_size,
        "repeats": settings.repeats,
        "device": device_of(editor.base).type,
    }


def module_bytes(module: nn.Module) -> int:
    """Bytes of the distinct parameters and buffers of a module."""
    tensors = {t.data_ptr(): t for t in (*module.parameters(), *module.buffers())}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def peak_allocation(run: Callable[[], Any]) -> int:
    """Largest number of bytes that ``run`` holds allocated at one time, from the allocator's own events."""
    activities = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities, profile_memory=True) as profiler:
        run()
    results = profiler.profiler.kineto_results
    events = sorted((e for e in results.events() if e.name() == "[memory]"), key=lambda event: event.start_ns())
    held = peak = 0
    for event in events:
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def _batches(queries: Sequence[Query], settings: CostSettings) -> list[list[Query]]:
    """Consecutive batches for warm-up, repeats and the memory measurement, going round the queries."""
    count = settings.warmup + settings.repeats + 1
    size = settings.batch_size
    return [[queries[(i * size + j) % len(queries)] for j in range(size)] for i in range(count)]


def _forward(model: nn.Module, task: Task) -> Callable[[Sequence[Query]], Any]:
    def run(queries: Sequence[Query]) -> None:
        batch = {name: tensor.to(device_of(model)) for name, tensor in task.encode_queries(queries).items()}
        with torch.no_grad():
            task.logits(model, batch)

    return run


def _timed(run: Callable[[Sequence[Query]], Any], batch: Sequence[Query], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    run(batch)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started

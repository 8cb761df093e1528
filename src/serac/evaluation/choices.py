"""Outcomes of an editor's choices of hyperparameters; those that differ in a routing threshold share one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from serac.config.evaluation import Choice, EvaluationSettings
from serac.editors.base import Editor
from serac.errors import DivergenceError
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.scoring import evaluate_at_thresholds
from serac.records import EditExample


def evaluate_choices(
    editor: Editor,
    choices: Sequence[Choice],
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: EvaluationSettings,
    seeds: Sequence[int],
    *,
    k: int,
) -> list[pd.DataFrame | DivergenceError]:
    """For each choice the outcomes of ``editor.tuned(**choice)``, as of :mod:`serac.evaluation.scoring`, or its error.

    Choices that are equal but for the editor's ``threshold_name`` are scored once, with everything routed.
    """
    found: dict[int, pd.DataFrame | DivergenceError] = {}
    for name, places in _passes(editor, choices):
        print(f"{editor.name}: {', '.join(str(choices[place]) for place in places)}", flush=True)
        tuned = [editor.tuned(**choices[place]) for place in places]
        thresholds: list[float | None] = [None]
        if name is not None:
            thresholds = [one.hyperparameters[name] for one in tuned]
            tuned = [tuned[0].tuned(**{name: 0.0})]
        try:
            frames = evaluate_at_thresholds(tuned[0], thresholds, examples, base_outputs, settings, seeds, k=k)
        except DivergenceError as error:
            print(error, flush=True)
            found.update((place, error) for place in places)
        else:
            found.update(zip(places, frames, strict=True))
    return [found[place] for place in range(len(choices))]


def _passes(editor: Editor, choices: Sequence[Choice]) -> Iterator[tuple[str | None, list[int]]]:
    """The positions of choices that share a pass, with the name of the threshold in which they differ."""
    groups: dict[tuple[str | None, frozenset[tuple[str, object]]], list[int]] = {}
    for place, choice in enumerate(choices):
        name = editor.tuned(**choice).threshold_name
        others = frozenset((key, value) for key, value in choice.items() if key != name)
        groups.setdefault((name, others), []).append(place)
    for (name, _), places in groups.items():
        if name is not None and len(places) > 1:
            yield name, places
        else:
            yield from ((None, [place]) for place in places)

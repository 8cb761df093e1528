"""Whole evaluation of one problem: batches and base outputs computed once, against a plain loop over single inputs.

The plain loop does what the reference does: for every input it asks the base model again, encodes the whole memory
again and reads with both models. Both ways see the same edit batches in one process, and every outcome is compared.
With random weights on generated questions, or with the trained models of a run; run, for instance:

    python benchmarks/whole_evaluation.py --examples 20 --k 10
    python benchmarks/whole_evaluation.py --run results/miniature --problem qa --k 10 --examples 50
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measuring
import pandas as pd
import torch
from memory_scaling import threshold
from random_models import examples, random_models
from reference_way import ReferenceWay

from serac.config.editors import SeracSettings
from serac.config.evaluation import EvaluationSettings
from serac.config.serac import RoutingSettings
from serac.editors.from_settings import assemble
from serac.editors.serac.editor import MemoryEditor, SeracCross, SeracEmbed
from serac.editors.serac.model import SeracModel
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.batches import EditBatch, make_batches
from serac.evaluation.scoring import evaluate
from serac.models.base_model import load_base
from serac.records import EditExample, Query, read_examples, same_text
from serac.settings import load

EDITORS = {"embed": SeracEmbed, "cross": SeracCross}
COMPARED = ["batch", "edit_id", "scope", "kind", "value", "generated", "base_output", "edited_output"]


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """One row for each kind of classifier: seconds of both ways, their ratio, and whether all outcomes are equal."""
    torch.set_num_threads(options.threads)
    rows = []
    for kind in options.kinds:
        editor, problem = _trained(options, kind) if options.run else _random(options, kind)
        rows.append(
            {
                "kind": kind,
                **measuring.sizes(options),
                **compared(editor, problem, options.k, options.batch_size, options.generated),
            }
        )
        measuring.progress(rows[-1])
    return pd.DataFrame(rows)


def compared(
    editor: MemoryEditor, problem: Sequence[EditExample], k: int, batch_size: int, generated: int
) -> dict[str, Any]:
    """Seconds of both ways with ``k`` edits in memory, metrics of both, and whether every outcome is the same."""
    settings = EvaluationSettings(
        edits=len(problem), batch_size=batch_size, generated_batches=generated, least_batches=1
    )
    found: dict[str, Any] = {}

    def ours() -> None:
        base = BaseOutputs.predict(editor.base, editor.task, problem, batch_size=batch_size, generate=generated > 0)
        found["ours"] = evaluate(editor, problem, base, settings, [0], k=k)

    def loop() -> None:
        batches = make_batches(problem, k, settings.batches(k), 0)
        found["loop"] = plain(editor, batches, generated)

    times = {"ours_s": measuring.seconds(ours), "loop_s": measuring.seconds(loop)}
    one, other = found["ours"], found["loop"]
    equal = one[COMPARED].equals(other[COMPARED].astype(one[COMPARED].dtypes.to_dict()))
    return {
        "k": k,
        "outcomes": len(one),
        **times,
        "loop_to_ours": times["loop_s"] / times["ours_s"],
        **{f"{name}_{way}": value for way, frame in found.items() for name, value in metrics(frame).items()},
        "routed": one["routed"].mean(),
        "equal": equal,
    }


def metrics(outcomes: pd.DataFrame) -> dict[str, float]:
    """Means over inputs of edit success and drawdown, by teacher forcing and by free generation."""
    means = outcomes.groupby("scope")[["value", "generated"]].mean()
    names = {"in": ("es", "es_generated"), "out": ("dd", "dd_generated")}
    return {
        name: float(means[column][scope])
        for scope, pair in names.items()
        for name, column in zip(pair, ("value", "generated"), strict=True)
    }


def plain(editor: MemoryEditor, batches: Sequence[EditBatch], generated: int) -> pd.DataFrame:
    """Outcomes of a loop over edits and single inputs; nothing is remembered from one input to the next."""
    rows = []
    for batch in batches:
        edits = editor.task.edits_as_read(batch.edits)
        way = ReferenceWay(
            editor.base, editor.task, editor.classifier, editor.counterfactual, edits, editor.routing.threshold
        )
        texts = _generations(editor, way, batch) if batch.number < generated else {}
        for example in batch.examples:
            for scope, queries in (("in", example.in_scope), ("out", example.out_of_scope)):
                for query in queries:
                    said = texts.get((scope, query.input, query.label))
                    rows.append({"batch": batch.number, "edit_id": example.id, "scope": scope, "kind": query.kind})
                    rows[-1] |= _outcome(editor, way, scope, query)
                    rows[-1]["generated"] = _generated(scope, query, *said) if said else float("nan")
    return pd.DataFrame(rows)


def _outcome(editor: MemoryEditor, way: ReferenceWay, scope: str, query: Query) -> dict[str, Any]:
    task = editor.task
    score = task.success if scope == "in" else task.drawdown
    before, after = task.outputs(editor.base, [query], 1), task.outputs(way, [query], 1)
    value = score([query], after, before)[0].value
    return {"value": value, "base_output": task.answer(before[0]), "edited_output": task.answer(after[0])}


def _generations(
    editor: MemoryEditor, way: ReferenceWay, batch: EditBatch
) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Answers of the base and of the edited model by scope, input and label, one input at a time."""
    texts = {}
    for scope in ("in", "out"):
        queries = [q for e in batch.examples for q in (e.in_scope if scope == "in" else e.out_of_scope)]
        pairs = zip(*(editor.task.generate(model, queries, 1) for model in (editor.base, way)), strict=True)
        texts.update({(scope, query.input, query.label): pair for query, pair in zip(queries, pairs, strict=True)})
    return texts


def _generated(scope: str, query: Query, before: str, after: str) -> float:
    return float(same_text(after, query.label) if scope == "in" else not same_text(after, before))


# --- models and problems ---------------------------------------------------------------------------
def _random(options: argparse.Namespace, kind: str) -> tuple[MemoryEditor, list[EditExample]]:
    models = random_models(options.base, options.counterfactual, options.encoder)
    problem = examples(random.Random(0), options.examples)
    classifier, first = models.classifier(kind), [example.edit for example in problem[: options.k]]
    probe = SeracModel(models.base, models.task, classifier, models.counterfactual)
    probe.add(first)
    editor = EDITORS[kind](
        models.base,
        models.task,
        classifier=classifier.with_settings(),  # has encoded nothing yet
        counterfactual=models.counterfactual,
        routing=RoutingSettings(threshold=threshold(models, probe, 0.5)),
    )
    return editor, problem


def _trained(options: argparse.Namespace, kind: str) -> tuple[MemoryEditor, list[EditExample]]:
    """The tuned editor of a finished run and the first examples of the test split."""
    run, problem, name = Path(options.run), options.problem, f"serac_{kind}"
    settings = load(run / "config.yaml")
    section, editor = settings.problems[problem], settings.editors[name]
    assert isinstance(editor, SeracSettings)
    base, task = load_base(run / "models" / settings.base_of(problem) / "base", section.task, section.max_length)
    seed = f"seed{options.seed}"
    parts = {
        "scope": run / "scope" / problem / editor.classifier / seed,
        "counterfactual": run / "counterfactual" / problem / seed,
    }
    assembled = assemble(editor.model_dump(mode="json"), base, task, **parts)
    assert isinstance(assembled, MemoryEditor)
    tuning = run / "tuning" / problem / name / f"k{options.k}" / f"{seed}.json"
    choice = json.loads(tuning.read_text(encoding="utf-8"))["best"]
    split = read_examples(run / "problems" / problem / "test.jsonl")
    return assembled.tuned(**choice), split[: options.examples]


def parser() -> argparse.ArgumentParser:
    """The options of this program."""
    result = measuring.parser(__doc__)
    result.add_argument("--kinds", nargs="+", choices=tuple(EDITORS), default=list(EDITORS))
    result.add_argument("--examples", type=int, default=20, help="edits of the problem")
    result.add_argument("--k", type=int, default=10, help="simultaneous edits")
    result.add_argument("--batch-size", type=int, default=64, help="inputs per forward pass of our way")
    result.add_argument("--generated", type=int, default=1, help="edit batches that are also answered freely")
    result.add_argument("--run", help="folder of a finished run whose trained models are taken")
    result.add_argument("--problem", default="qa", help="with --run: the problem")
    result.add_argument("--seed", type=int, default=0, help="with --run: the training seed")
    return result


if __name__ == "__main__":
    measuring.run(parser(), measure)

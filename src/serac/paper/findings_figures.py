"""What a run's figures show, measured against the paper's claims, or against our expectations beyond it."""

from __future__ import annotations

import pandas as pd

from serac.paper.figure_errors import CATEGORIES, categories
from serac.paper.figure_threshold import DEFAULT_THRESHOLD, GRID, metric_at, roc
from serac.paper.findings_tables import NEAR, Finding
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.run import Run

CHANGE_WEIGHTS = ["ft", "mend", "enn"]
EARLY = 10
FLAT = 1.5


def batched_edits(run: Run) -> Finding:
    """How much of ES - DD is lost from the smallest to the largest k."""
    cells = run.results
    cells = cells[(cells["metric"] == "es_minus_dd") & (cells["subset"] == "all")]
    courses = cells[cells["problem"] == run.batched_problem].pivot(index="k", columns="editor", values="value")
    courses = courses.dropna(axis=1)
    if len(courses) < 2:
        return Finding("The run holds one number of edits.", None)
    losses = courses.iloc[0] - courses.iloc[-1]
    first, last = courses.index[0], courses.index[-1]
    shows = [
        f"{editor_name(editor)} {courses[editor].iloc[0]:.3f} → {courses[editor].iloc[-1]:.3f}"
        for editor in in_order(courses.columns, EDITORS)
    ]
    ours = losses.filter(like="serac")
    others = losses.drop(ours.index)
    holds = bool(ours.max() <= NEAR and (others > ours.max()).all()) if len(ours) and len(others) else None
    return Finding(f"ES − DD from k = {first} to k = {last}: {', '.join(shows)}.", holds)


def edit_scope(run: Run) -> Finding:
    """Shares of the drawn inputs that the classifier puts into scope."""
    assert run.edit_scope is not None
    inputs = run.edit_scope[run.edit_scope["role"] != "edit"]
    names = {"in": "inputs in scope", "out": "inputs out of scope"}
    sorts = inputs["hard"].map({True: "hard ", False: "easy "}) + inputs["role"].map(names)
    shares = (inputs["similarity"] > DEFAULT_THRESHOLD).groupby(sorts).mean()
    shows = [f"{share:.2f} of {sort}" for sort, share in shares.items()]
    inside, outside = (inputs.loc[inputs["role"] == role, "similarity"].median() for role in ("in", "out"))
    return Finding(f"Classified as in scope: {', '.join(shows)}.", bool(inside > DEFAULT_THRESHOLD > outside))


def errors(run: Run) -> Finding:
    """Shares of the categories."""
    assert run.errors is not None
    shares = categories(run.errors).value_counts(normalize=True)
    shows = [f"{name} {shares[key]:.3f}" for key, (name, _) in CATEGORIES.items() if key in shares]
    return Finding(f"Share of inputs: {', '.join(shows)}.", None)


def sequential_edits(run: Run) -> Finding:
    """ES and DD after the last edit, and the ES lost since the first stop with :data:`EARLY` edits."""
    courses = {editor: frame.groupby("edits")[["es", "dd"]].mean() for editor, frame in run.sequential_edits.items()}
    stops = next(iter(courses.values())).index
    early, last = next((stop for stop in stops if stop >= EARLY), stops[0]), stops[-1]
    lost = pd.Series({editor: course["es"][early] - course["es"][last] for editor, course in courses.items()})
    shows = [
        f"{editor_name(editor)} {courses[editor]['es'][last]:.3f} / {courses[editor]['dd'][last]:.3f} "
        f"({lost[editor]:.3f} of ES lost)"
        for editor in in_order(courses, EDITORS)
    ]
    ours, weights = lost.filter(like="serac"), lost.filter(items=CHANGE_WEIGHTS)
    holds = bool(ours.max() <= NEAR and weights.min() > ours.max()) if len(ours) and len(weights) else None
    return Finding(f"ES / DD after {last} edits (and what of ES was lost since {early}): {', '.join(shows)}.", holds)


def threshold(run: Run) -> Finding:
    """ES - DD at 0.5 against the best threshold, and the area under the ROC curve."""
    shows, holds = [], True
    for editor in in_order(run.threshold, EDITORS):
        inside, outside = (run.threshold[editor].query("scope == @scope") for scope in ("in", "out"))
        scores = {cut: metric_at(inside, cut) - metric_at(outside, cut) for cut in (*GRID, DEFAULT_THRESHOLD)}
        best = max(scores, key=lambda cut: (scores[cut], -abs(cut - DEFAULT_THRESHOLD)))
        area = roc(inside["beta"].to_numpy(dtype=float), outside["beta"].to_numpy(dtype=float))[2]
        holds &= scores[best] - scores[DEFAULT_THRESHOLD] <= NEAR
        shows.append(
            f"{editor_name(editor)}: area {area:.3f}, ES − DD {scores[DEFAULT_THRESHOLD]:.3f} at 0.5 and "
            f"{scores[best]:.3f} at the best threshold {best:.2f}"
        )
    return Finding("; ".join(shows) + ".", bool(holds))


def per_kind(run: Run) -> Finding:
    """On QA-hard, the ES lost from the edit's own question to its implications, by the editors of the main table."""
    cells = run.results
    cells = cells[(cells["metric"] == "es") & (cells["k"] == run.k) & (cells["problem"] == "qa_hard")]
    cells = cells[cells["editor"].isin(run.tables["main"]["editor"])]
    table = cells.pivot(index="editor", columns="subset", values="value")
    if not {"main", "implication"} <= set(table.columns):
        return Finding("The run holds no implications.", None)
    losses = (table["main"] - table["implication"]).dropna()
    shows = [f"{editor_name(editor)} {losses[editor]:.3f}" for editor in in_order(losses.index, EDITORS)]
    ours = losses.filter(like="serac")
    learned = losses.drop(ours.index).filter(regex="^(lu|mend|enn)$")
    holds = bool(ours.max() < learned.min()) if len(ours) and len(learned) else None
    return Finding(
        f"{problem_name('qa_hard')}, ES on the edit's question less ES on implications: {', '.join(shows)}.", holds
    )


def training_curves(run: Run) -> Finding:
    """How good the base models are on held-out inputs, and which parts never got better than at first."""
    courses = [(key, seed) for key, seeds in run.training.items() for seed in seeds if "score" in seed and len(seed)]
    shows = []
    for (problem, name), course in courses:
        if name == "base model":
            kept = course.iloc[int(course["score"].argmax())]
            shows.append(
                f"{problem_name(problem)} accuracy {kept['accuracy']:.3f}, perplexity {kept['perplexity']:.2f}"
            )
    long = [(key, course) for key, course in courses if len(course) > 1]
    flat = [
        f"{name} of {problem_name(problem)}" for (problem, name), c in long if c["score"].max() <= c["score"].iloc[0]
    ]
    bases = f"Base models on held-out inputs: {'; '.join(shows)}. " if shows else ""
    text = f"{bases}Better than at their first validation: {len(long) - len(flat)} of {len(long)} trained parts"
    return Finding(f"{text} (not: {', '.join(flat)})." if flat else f"{text}.", not flat if long else None)


def memory_scaling(run: Run) -> Finding:
    """Latency over the base model's at the fewest and the most edits."""
    assert run.memory_scaling is not None
    ours = run.memory_scaling[run.memory_scaling["way"] == "ours"]
    shows, holds = [], True
    for (classifier, batch), rows in ours.groupby(["classifier", "batch"], sort=True):
        course = rows.sort_values("edits")
        first, last = course.iloc[0], course.iloc[-1]
        holds &= classifier != "embed" or bool(last["ratio"] <= FLAT * first["ratio"])
        shows.append(
            f"{str(classifier).capitalize()}, batch {batch}: {first['ratio']:.2f} with {_edits(first)}, "
            f"{last['ratio']:.2f} with {_edits(last)}"
        )
    return Finding("Latency over the base model's. " + "; ".join(shows) + ".", holds)


def _edits(row: pd.Series) -> str:
    return f"{row['edits']:,} edit{'s' if row['edits'] > 1 else ''}"

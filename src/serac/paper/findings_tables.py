"""What a run's tables show, measured against the paper's claims."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from serac.paper.names import EDITORS, PROBLEMS, editor_name, in_order, problem_name
from serac.paper.run import Run

ACCURATE = 0.9
NEAR = 0.05
SMALL_OVERHEAD = 1.1


class Finding(NamedTuple):
    """What a run shows, in a sentence made from its numbers; whether the claim holds (None: nothing to hold)."""

    shows: str
    holds: bool | None


def main(run: Run) -> Finding:
    """The best SERAC against the best other editor, problem by problem."""
    shows, holds = [], True
    table = run.tables["main"]
    for problem in in_order(table["problem"], PROBLEMS):
        scores = table[table["problem"] == problem].set_index("editor")["es_minus_dd"]
        ours = scores.filter(like="serac")
        others = scores.drop(ours.index)
        if ours.empty or others.empty:
            continue
        holds &= bool(ours.max() > others.max())
        shows.append(
            f"{problem_name(problem)}: {editor_name(str(ours.idxmax()))} {ours.max():.3f}, "
            f"best other {editor_name(str(others.idxmax()))} {others.max():.3f}"
        )
    return Finding("ES − DD. " + "; ".join(shows) + ".", holds if shows else None)


def components(run: Run) -> Finding:
    """Accuracy in scope, and the classifier's on all and on hard inputs out of scope."""
    shows, holds = [], True
    table = run.tables["components"]
    for editor in in_order(table["editor"], EDITORS):
        rows = table[table["editor"] == editor].set_index(["component", "scope", "subset"])["accuracy"]
        classifier, answers = rows["scope_classifier", "in", "all"], rows["counterfactual", "in", "all"]
        out = rows["scope_classifier", "out", "all"]
        hard = rows.get(("scope_classifier", "out", "hard"))
        if hard is None:
            return Finding("The run holds no hard inputs out of scope.", None)
        holds &= bool(min(classifier, answers) >= ACCURATE and hard < out)
        shows.append(
            f"{editor_name(editor)}: in scope the classifier is right on {classifier:.3f}, the counterfactual model on "
            f"{answers:.3f}; out of scope the classifier is right on {out:.3f} of all and {hard:.3f} of hard inputs"
        )
    return Finding("; ".join(shows) + ".", holds)


def scope_classifier(run: Run) -> Finding:
    """Each Cross against each Embed, problem by problem; the claim is about fact checking."""
    scores = _es_minus_dd(run.tables["scope_classifier"], ["problem", "editor"])
    shows, holds = [], None
    for problem in in_order(scores.index.get_level_values("problem"), PROBLEMS):
        found = scores[problem]
        cross, embed = found.filter(like="cross"), found.filter(like="embed")
        if cross.empty or embed.empty:
            continue
        if problem == "fc":
            holds = bool(cross.max() > embed.max())
        kinds = (
            f"{kind} {' and '.join(map('{:.3f}'.format, part))}" for kind, part in (("Cross", cross), ("Embed", embed))
        )
        shows.append(f"{problem_name(problem)}: {', '.join(kinds)}")
    return Finding("ES − DD with each encoder. " + "; ".join(shows) + ".", holds)


def base_models(run: Run) -> Finding:
    """The spread of ES - DD over base models, problem by problem."""
    scores = _es_minus_dd(run.tables["base_models"], ["problem", "base"])
    shows, holds = [], True
    for problem in in_order(scores.index.get_level_values("problem"), PROBLEMS):
        found = scores[problem]
        holds &= bool(found.max() - found.min() <= NEAR)
        shows.append(f"{problem_name(problem)}: {found.min():.3f} to {found.max():.3f} over {len(found)} base models")
    return Finding("ES − DD. " + "; ".join(shows) + ".", holds)


def cost(run: Run) -> Finding:
    """Latency ratios, problem by problem; the claim is about the encoder-decoders."""
    table = run.tables["cost"].set_index("problem")
    memory = table["serac_mb"] / table["base_mb"]
    shows = [
        f"{problem_name(problem)}: {table['ratio'][problem]:.2f} times the latency, "
        f"{memory[problem]:.2f} times the memory"
        for problem in in_order(table.index, PROBLEMS)
    ]
    large = table.drop(index="fc", errors="ignore")["ratio"]
    return Finding("; ".join(shows) + ".", bool((large <= SMALL_OVERHEAD).all()) if len(large) else None)


def _es_minus_dd(table: pd.DataFrame, by: list[str]) -> pd.Series:
    cells = table.pivot_table(index=by, columns="metric", values="value")
    return cells["es"] - cells["dd"]

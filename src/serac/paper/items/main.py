"""Table ``main``: edit success and drawdown of every editor on every problem (paper: main table)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from serac.config.names import Named, ProblemName, SeracName
from serac.evaluation.bootstrap import Estimate, Statistic
from serac.evaluation.metrics import DIFFERENCE, NO_EDIT, Outcomes
from serac.paper import reported
from serac.paper.grid import bounds, outcomes_by_problem, simultaneous_edits
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, main_outcomes, outcomes
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.tables import NONE, Table, about_intervals, with_interval, write_table
from serac.paper.verdicts import Claim, above, at_most

METRICS = {
    "es": "ES ↑",
    "dd": "DD ↓",
    "es_generated": "ES generated ↑",
    "dd_generated": "DD generated ↓",
}
SMALL_NATS = 0.01
UNKNOWN, UNCHANGED = Estimate(math.nan, math.nan, math.nan, 0), Estimate(0.0, 0.0, 0.0, 0)


class MainSettings(ItemSettings):
    """Table main."""

    headline: Named[ProblemName, SeracName] = Field({}, description="by problem, the SERAC that the claims are about")

    def uses(self) -> Iterable[tuple[str, str]]:
        """Each problem with its headline."""
        return self.headline.items()


def cells(settings: MainSettings, scenario: Scenario) -> list[Cell]:
    """Outcomes of all editors, and of no edit at all."""
    unedited = [cell for problem in scenario.run.problems for cell in outcomes(scenario, problem, [NO_EDIT])]
    return [*unedited, *main_outcomes(scenario)]


def caption(settings: MainSettings, scenario: Scenario) -> str:
    """What to see in it."""
    chats = all(scenario.problems[problem].task == "chat" for problem in scenario.run.problems)
    how = "by free generation" if chats else "by teacher forcing as in the paper and by free generation"
    return (
        f"Edit success (ES) and drawdown (DD) of {simultaneous_edits(cells(settings, scenario))}, {how}. "
        "SERAC should have the highest ES with almost no drawdown on every problem; the other editors trade one off "
        f"against the other. The paper's values are shown next to the measured ones ({reported.STATUS})."
    )


def make(data: Data[MainSettings], outputs: Sequence[Path]) -> None:
    """Write the table."""
    write_table(main_table(data), outputs)


def main_table(data: Data[MainSettings]) -> Table:
    """Up to six printed rows per problem, one column per editor."""
    found = outcomes_by_problem(data)
    editors = in_order(data.distinct("editor"), EDITORS)
    numbers: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    bold: set[tuple[int, int]] = set()
    for problem, measured in found.items():
        here = [editor for editor in editors if measured.has(editor=editor)]
        best = _best(measured, [editor for editor in here if editor != NO_EDIT])
        cells = {editor: _numbers(measured, editor) for editor in here}
        k = data.where(problem=problem)[0].k
        numbers += [
            {"problem": problem, "editor": editor, "k": k, **row, **_reported(problem, editor)}
            for editor, row in cells.items()
        ]
        for metric, label in METRICS.items():
            if all(math.isnan(row[metric]) for row in cells.values()):
                continue
            bold |= {(len(rows), 2 + editors.index(editor)) for editor in best.get(metric, ())}
            printed = [
                with_interval(cells[editor][metric], cells[editor][f"{metric}_low"], cells[editor][f"{metric}_high"])
                if editor in cells
                else NONE
                for editor in editors
            ]
            rows.append([problem_name(problem), label, *printed])
        for metric in ("es", "dd"):
            values = [_reported(problem, editor)[f"reported_{metric}"] for editor in editors]
            printed = [NONE if math.isnan(value) else f"{value:.3f}" for value in values]
            rows.append([problem_name(problem), f"{METRICS[metric]} reported", *printed])
    trainings = len({cell.seed for cell in data.cells})
    text = (
        f"Edit success (ES) and drawdown (DD) of {simultaneous_edits(data.cells)}. "
        f"{about_intervals(data.bootstrap, trainings)} Bold: the largest ES − DD of a problem and all that paired "
        "differences cannot distinguish from it; on ConvSent, ES and DD are ranked separately, because its ES "
        "compares likelihoods and its DD is a KL divergence in nats per token (paper). “Generated” compares "
        "freely generated answers in some batches instead of teacher forcing. Every editor's hyperparameters, "
        "including SERAC's routing threshold, were chosen on validation data. Rows marked “reported” repeat the "
        f"paper's values ({reported.STATUS}), measured with other models and data.{data.note()}"
    )
    display = pd.DataFrame(rows, columns=["problem", "metric", *map(editor_name, editors)])
    return Table(pd.DataFrame(numbers), display, text, frozenset(bold))


def check(data: Data[MainSettings]) -> list[Claim]:
    """For each problem, the headline SERAC against the best other editor."""
    claims: list[Claim] = []
    for problem, measured in outcomes_by_problem(data).items():
        ours = data.settings.headline.get(problem, "")
        others = [e for e in data.distinct("editor") if not e.startswith("serac") and measured.has(editor=e)]
        others = [editor for editor in others if editor != NO_EDIT]
        if not others or not measured.has(editor=ours):
            continue
        for metric, words in _compared(measured).items():
            leads = {e: measured.interval(_score(measured, metric, ours) - _score(measured, metric, e)) for e in others}
            closest = min(others, key=lambda editor: (leads[editor].low, leads[editor].value))
            claims.append(
                above(
                    f"On {problem_name(problem)}, {editor_name(ours)} has a larger {words} than every other editor.",
                    f"{words} of {editor_name(ours)} minus that of {editor_name(closest)}",
                    leads[closest],
                )
            )
        if DIFFERENCE not in _compared(measured):
            claims.append(
                at_most(
                    f"On {problem_name(problem)}, {editor_name(ours)} hardly changes out-of-scope outputs.",
                    f"DD of {editor_name(ours)} in nats per token",
                    measured.estimate("dd", editor=ours),
                    SMALL_NATS,
                )
            )
    return claims


def _compared(measured: Outcomes) -> dict[str, str]:
    """What editors are ranked by, with its name in print: ES - DD where both are shares."""
    found = measured.known()
    if DIFFERENCE not in found:
        return {"es": "ES"}
    generated = {"generated": "ES − DD by free generation"} if "es_generated" in found else {}
    return {DIFFERENCE: "ES − DD", **generated}


def _score(measured: Outcomes, metric: str, editor: str) -> Statistic:
    if metric == "generated":
        return measured.statistic("es_generated", editor=editor) - measured.statistic("dd_generated", editor=editor)
    return measured.statistic(metric, editor=editor)


def _best(measured: Outcomes, editors: Sequence[str]) -> dict[str, list[str]]:
    """The editors in bold by metric: the best one, and those whose paired difference from it may be zero."""
    ranked = {DIFFERENCE: 1} if DIFFERENCE in _compared(measured) else {"es": 1, "dd": -1}
    bold: dict[str, list[str]] = {}
    for metric, sign in ranked.items():
        scores = {editor: measured.statistic(metric, editor=editor) for editor in editors}
        best = max(scores, key=lambda editor: sign * scores[editor].value, default=None)
        if best is None:
            continue
        leads = {e: measured.interval(scores[best] - s if sign > 0 else s - scores[best]) for e, s in scores.items()}
        chosen = [editor for editor, lead in leads.items() if editor == best or not lead.low > 0]
        bold |= dict.fromkeys(("es", "dd") if metric == DIFFERENCE else (metric,), chosen)
    return bold


def _numbers(measured: Outcomes, editor: str) -> dict[str, float]:
    known = measured.known(editor=editor)
    row: dict[str, float] = {}
    for metric in (*METRICS, DIFFERENCE):
        estimate = measured.estimate(metric, editor=editor) if metric in known else UNKNOWN
        if editor == NO_EDIT and metric.startswith("dd") and metric in known:
            estimate = UNCHANGED
        row |= bounds(metric, estimate)
    return row


def _reported(problem: str, editor: str) -> dict[str, float]:
    paper = reported.MAIN.get((problem, editor))
    return {"reported_es": paper.es if paper else math.nan, "reported_dd": paper.dd if paper else math.nan}


ITEM = Item(
    form="table",
    title="All editors on all problems",
    category="Main results",
    claim="SERAC has a larger ES − DD than every other editor on every problem.",
    settings=MainSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)

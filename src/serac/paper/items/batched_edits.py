"""Figure ``batched_edits``: edit success and drawdown against the number of simultaneous edits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, PositiveInt

from serac.evaluation.bootstrap import Estimate
from serac.evaluation.metrics import DIFFERENCE, Outcomes, in_nats
from serac.paper import style
from serac.paper.grid import outcomes_by_problem
from serac.paper.item import Cell, Data, Item, ItemOnProblem, Scenario, outcomes
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.verdicts import Claim, above, at_most

NEAR = 0.03


class BatchedEditsSettings(ItemOnProblem):
    """Figure batched_edits."""

    ks: tuple[PositiveInt, ...] = Field((1, 5, 25, 75), min_length=1, description="simultaneous edits (paper)")

    def largest_batch(self) -> tuple[str, str, int]:
        """The largest of ``ks``."""
        return self.problem, "ks", max(self.ks)


def cells(settings: BatchedEditsSettings, scenario: Scenario) -> list[Cell] | None:
    """Outcomes for every number of edits."""
    found = [cell for k in settings.ks for cell in outcomes(scenario, settings.problem, settings.editors, k=k)]
    return found or None


def caption(settings: BatchedEditsSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"ES − DD on {problem_name(settings.problem)} against the number of simultaneous edits; MEND and ENN are "
        "trained for each number, SERAC's parts once for all, and every editor is tuned for each. SERAC should stay "
        "flat, while editors that change weights should fall."
    )


def make(data: Data[BatchedEditsSettings], outputs: Sequence[Path]) -> None:
    """Draw a line with intervals for every editor."""
    measured, metric = _measured(data)
    ks = sorted(data.distinct("k"))
    with style.figure(style.COLUMN, 2.1) as (drawn, (axes,)):
        for number, editor in enumerate(in_order(data.distinct("editor"), EDITORS)):
            course = {k: measured.estimate(metric, editor=editor, k=k) for k in ks if measured.has(editor=editor, k=k)}
            _line(axes, course, editor, shift=1 + 0.03 * number)
        axes.set_xscale("log")
        axes.set_xticks(ks, [str(k) for k in ks])
        axes.minorticks_off()
        axes.set_xlabel("simultaneous edits k")
        axes.set_ylabel(f"{'ES − DD' if metric == DIFFERENCE else 'ES'} ({problem_name(data.settings.problem)})")
        axes.grid(axis="y")
        style.legend_below(drawn, axes, columns=3)
        style.save(drawn, outputs)


def check(data: Data[BatchedEditsSettings]) -> list[Claim]:
    """The loss of ES - DD from the smallest to the largest number of edits."""
    measured, metric = _measured(data)
    ks = sorted(data.distinct("k"))
    if len(ks) < 2:
        return []
    words = "ES − DD" if metric == DIFFERENCE else "ES"
    lost = {
        editor: measured.statistic(metric, editor=editor, k=ks[0]) - measured.statistic(metric, editor=editor, k=ks[-1])
        for editor in data.distinct("editor")
        if measured.has(editor=editor, k=ks[0]) and measured.has(editor=editor, k=ks[-1])
    }
    claims = []
    for ours in (editor for editor in lost if editor.startswith("serac")):
        span = f"from k = {ks[0]} to k = {ks[-1]}"
        claims.append(
            at_most(
                f"{editor_name(ours)} keeps its {words} {span}.",
                f"{words} that {editor_name(ours)} loses",
                measured.interval(lost[ours]),
                NEAR,
            )
        )
        for other in (editor for editor in lost if not editor.startswith("serac")):
            claims.append(
                above(
                    f"{editor_name(other)} loses more {words} than {editor_name(ours)} {span}.",
                    f"{words} that {editor_name(other)} loses minus what {editor_name(ours)} loses",
                    measured.interval(lost[other] - lost[ours]),
                )
            )
    return claims


def _measured(data: Data[BatchedEditsSettings]) -> tuple[Outcomes, str]:
    problem = data.settings.problem
    return outcomes_by_problem(data)[problem], "es" if in_nats(problem) else DIFFERENCE


def _line(axes: style.Axes, course: dict[int, Estimate], editor: str, *, shift: float) -> None:
    """The points of an editor, shifted slightly to the right so that intervals do not overlap."""
    found = list(course.values())
    axes.errorbar(
        [k * shift for k in course],
        [estimate.value for estimate in found],
        yerr=[
            [estimate.value - estimate.low for estimate in found],
            [estimate.high - estimate.value for estimate in found],
        ],
        color=style.colour(editor),
        marker=style.marker(editor),
        capsize=2,
        elinewidth=0.8,
        label=editor_name(editor),
    )


ITEM = Item(
    form="figure",
    title="Many edits at once",
    category="Main results",
    claim="SERAC keeps its ES − DD as the number of simultaneous edits grows; editors that change weights do not.",
    settings=BatchedEditsSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)

"""Claims, each decided by a statistic and its interval: one row of ``claims.csv``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from serac.evaluation.bootstrap import Estimate

Verdict = Literal["holds", "does not hold", "undecided"]
COLUMNS = ("item", "claim", "criterion", "statistic", "value", "low", "high", "verdict")
NO_INTERVAL = "no interval"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed, when it counts as true, and what was measured, with its interval ``low`` to ``high``."""

    claim: str
    criterion: str
    statistic: str
    value: float
    low: float
    high: float
    verdict: Verdict

    def measured(self) -> str:
        """Statistic, value, interval and criterion in words."""
        bounds = NO_INTERVAL if math.isnan(self.low) else f"[{self.low:.3f}, {self.high:.3f}]"
        return f"{self.statistic}: {self.value:.3f} {bounds} ({self.criterion})"

    def sentence(self) -> str:
        """The row in words."""
        return f"{self.claim} **{self.verdict.capitalize()}.** {self.measured()}."


def above(claim: str, statistic: str, estimate: Estimate, bound: float = 0.0) -> Claim:
    """Holds if the whole interval is above ``bound``, does not hold if below it; otherwise undecided."""
    holds, fails = estimate.low > bound, estimate.high < bound
    return _claim(claim, f"interval above {bound:g}", statistic, estimate, holds, fails)


def at_most(claim: str, statistic: str, estimate: Estimate, bound: float) -> Claim:
    """Holds if the whole interval is at or below ``bound``, does not hold if above it; otherwise undecided."""
    holds, fails = estimate.high <= bound, estimate.low > bound
    return _claim(claim, f"interval at most {bound:g}", statistic, estimate, holds, fails)


def at_least(claim: str, statistic: str, estimate: Estimate, bound: float) -> Claim:
    """Holds if the whole interval is at or above ``bound``, does not hold if below it; otherwise undecided."""
    holds, fails = estimate.low >= bound, estimate.high < bound
    return _claim(claim, f"interval at least {bound:g}", statistic, estimate, holds, fails)


def within(claim: str, statistic: str, estimate: Estimate, bound: float) -> Claim:
    """Holds if the whole interval lies between -``bound`` and ``bound``, does not hold if it lies outside."""
    holds = -bound <= estimate.low and estimate.high <= bound
    fails = estimate.low > bound or estimate.high < -bound
    return _claim(claim, f"interval within ±{bound:g}", statistic, estimate, holds, fails)


def overall(claims: Sequence[Claim]) -> Verdict | None:
    """Verdict on an item: holds if every row holds, does not hold if one does not; None without rows."""
    verdicts = {claim.verdict for claim in claims}
    if not verdicts:
        return None
    if "does not hold" in verdicts:
        return "does not hold"
    return "undecided" if "undecided" in verdicts else "holds"


def _claim(claim: str, criterion: str, statistic: str, estimate: Estimate, holds: bool, fails: bool) -> Claim:
    verdict: Verdict = "holds" if holds else "does not hold" if fails else "undecided"
    return Claim(claim, criterion, statistic, estimate.value, estimate.low, estimate.high, verdict)

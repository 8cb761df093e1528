"""The values that the paper reports. All were recalled from memory, unverified."""

from __future__ import annotations

from typing import NamedTuple

STATUS = "recalled, unverified"


class Reported(NamedTuple):
    """Edit success and drawdown of one cell of the paper's main table."""

    es: float
    dd: float


class ReportedCost(NamedTuple):
    """One forward pass: milliseconds and gigabytes, base model and SERAC with 10 edits."""

    base_ms: float
    serac_ms: float
    base_gb: float
    serac_gb: float


MAIN: dict[tuple[str, str], Reported] = {
    ("qa", "ft"): Reported(0.572, 0.054),
    ("qa", "lu"): Reported(0.944, 0.051),
    ("qa", "mend"): Reported(0.823, 0.187),
    ("qa", "enn"): Reported(0.786, 0.354),
    ("qa", "rp"): Reported(0.487, 0.030),
    ("qa", "serac_embed"): Reported(0.986, 0.009),
    ("qa_hard", "ft"): Reported(0.321, 0.109),
    ("qa_hard", "lu"): Reported(0.515, 0.132),
    ("qa_hard", "mend"): Reported(0.478, 0.255),
    ("qa_hard", "enn"): Reported(0.509, 0.453),
    ("qa_hard", "rp"): Reported(0.278, 0.027),
    ("qa_hard", "serac_embed"): Reported(0.913, 0.028),
    ("fc", "ft"): Reported(0.601, 0.002),
    ("fc", "lu"): Reported(0.565, 0.01),
    ("fc", "mend"): Reported(0.598, 0.021),
    ("fc", "enn"): Reported(0.594, 0.042),
    ("fc", "rp"): Reported(0.627, 0.01),
    ("fc", "serac_cross"): Reported(0.877, 0.051),
    ("convsent", "mend"): Reported(0.494, 2.149),
    ("convsent", "enn"): Reported(0.502, 3.546),
    ("convsent", "rp"): Reported(0.506, 0.0),
    ("convsent", "serac_embed"): Reported(0.991, 0.0),
}
"""Main table, by problem and editor; the paper's SERAC is Embed, on fact checking Cross."""

COST: dict[str, ReportedCost] = {
    "qa": ReportedCost(87, 92, 2.96, 3.47),
    "fc": ReportedCost(7, 19, 0.44, 1.18),
    "convsent": ReportedCost(182, 183, 0.38, 1.00),
}
"""Cost table, by problem."""

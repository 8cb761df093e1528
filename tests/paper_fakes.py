"""Plausible results, outcomes and measurements, made with a seeded generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

LEVELS = {  # ES, DD
    "ft": (0.55, 0.08),
    "lu": (0.72, 0.09),
    "mend": (0.80, 0.19),
    "enn": (0.76, 0.33),
    "rp": (0.47, 0.03),
    "serac_embed": (0.96, 0.01),
    "serac_cross": (0.97, 0.02),
}
KINDS = {
    "qa": (["main", "rephrase"], ["random"]),
    "qa_hard": (
        ["main", "rephrase", "implication", "true_false"],
        ["random", "neighbour", "rephrase", "implication", "true_false"],
    ),
    "fc": (
        [f"{label}/{what}" for label in ("supports", "refutes") for what in ("number", "date", "name", "category")],
        ["neutral", "other_page"],
    ),
    "convsent": (["completion"], ["other_topic"]),
}
HARD = {"implication", "true_false", "neighbour", "neutral", "refutes/number", "refutes/date"}


def results(editors=tuple(LEVELS), problems=tuple(KINDS), ks=(10,), seeds=(0, 1, 2)) -> pd.DataFrame:
    """Rows as ``results.csv`` has them."""
    rng = np.random.default_rng(7)
    rows = []
    for problem in problems:
        for editor in editors:
            if problem == "convsent" and editor in ("ft", "lu"):
                continue
            for k in ks:
                for seed in seeds:
                    rows += _rows(rng, problem, editor, k, seed)
    columns = ["run", "problem", "editor", "k", "seed", "metric", "subset", "value", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=columns)


def _rows(rng, problem, editor, k, seed):
    level_es, level_dd = LEVELS.get(editor, (0.93, 0.03))
    if editor in ("mend", "enn"):
        level_es -= 0.08 * np.log(k / 10 + 1)
        level_dd += 0.04 * np.log(k + 1)
    inside, outside = KINDS[problem]
    for subset in ["all", "hard", *dict.fromkeys(inside + outside)]:
        shift = 0.05 if subset in HARD | {"hard"} else 0.0
        metrics = {}
        if subset in ("all", "hard") or subset in inside:
            metrics |= {"es": level_es - shift, "router_hit": 0.95}
        if subset in ("all", "hard") or subset in outside:
            metrics |= {"dd": level_dd + shift / 2, "router_false": 0.02}
        if {"es", "dd"} <= metrics.keys():
            metrics["es_minus_dd"] = metrics["es"] - metrics["dd"]
        for metric, level in metrics.items():
            value = float(np.clip(level + rng.normal(0, 0.01), 0, 1))
            half = float(rng.uniform(0.01, 0.03))
            yield "test", problem, editor, k, seed, metric, subset, value, value - half, value + half, 400


def outcomes(editor: str = "serac_embed", problem: str = "qa_hard", edits: int = 60) -> pd.DataFrame:
    """Rows as an outcomes file has them."""
    rng = np.random.default_rng(11)
    level_es, level_dd = LEVELS[editor]
    inside, outside = KINDS[problem]
    rows = []
    for edit in range(edits):
        for scope, kinds in (("in", inside), ("out", outside)):
            for kind in kinds:
                wrong = rng.random() < (1 - level_es if scope == "in" else level_dd)
                near = rng.random() < 0.96
                beta = float(rng.beta(9, 1.2) if (scope == "in") == near else rng.beta(1.2, 9))
                rows.append(
                    {
                        "batch": edit // 10,
                        "seed": 0,
                        "edit_id": f"e{edit}",
                        "scope": scope,
                        "kind": kind,
                        "hard": kind in HARD,
                        "value": float(wrong if scope == "out" else not wrong),
                        "generated": np.nan,
                        "beta": beta,
                        "routed": float(beta > 0.5),
                        "hit": float(beta > 0.5) if scope == "in" else np.nan,
                        "input": f"Which university did the engineer Person {edit} attend before the war ({kind})?",
                        "label": f"University of Place {edit}",
                        "edit_input": f"Where did Person {edit} study?",
                        "edit_label": f"University of Place {edit}",
                        "base_output": f"Institute of Place {edit % 7}",
                        "edited_output": f"University of Place {edit if not wrong else 3}",
                    }
                )
    return pd.DataFrame(rows)


def assert_same_bytes(write, folder: Path, names: list[str]) -> list[Path]:
    """Call ``write(paths)`` twice; the files are equal and not empty. Returns the first call's paths."""
    first, second = ([folder / str(turn) / name for name in names] for turn in (0, 1))
    write(first)
    write(second)
    for one, other in zip(first, second, strict=True):
        assert one.stat().st_size > 100, one
        assert one.read_bytes() == other.read_bytes(), one
    return first

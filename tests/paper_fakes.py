"""Plausible outcomes and measurements, made with a seeded generator, at the places where a scenario has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serac.paper.item import Cell
from serac.records import write_examples
from tiny_models import claims, opinions, qa

LEVELS = {  # ES, DD
    "no_edit": (0.05, 0.0),
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


def outcomes(editor: str = "serac_embed", problem: str = "qa_hard", edits: int = 60, k: int = 10) -> pd.DataFrame:
    """Rows as an outcomes file has them; editors that change weights decline with ``k``."""
    rng = np.random.default_rng(11)
    level_es, level_dd = LEVELS.get(editor, LEVELS["serac_cross" if "cross" in editor else "serac_embed"])
    decline = 0.0 if editor.startswith(("serac", "no_edit")) else 0.15 * np.log10(k)
    inside, outside = KINDS[problem]
    rows = []
    for edit in range(edits):
        for scope, kinds in (("in", inside), ("out", outside)):
            for kind in kinds:
                wrong = rng.random() < (1 - level_es if scope == "in" else level_dd) + decline
                near = rng.random() < 0.96
                beta = float(rng.beta(9, 1.2) if (scope == "in") == near else rng.beta(1.2, 9))
                rows.append(
                    {
                        "batch": edit // k,
                        "seed": 0,
                        "edit_id": f"e{edit}",
                        "scope": scope,
                        "kind": kind,
                        "hard": kind in HARD,
                        "value": float(wrong if scope == "out" else not wrong),
                        "generated": np.nan if problem == "convsent" or edit >= 20 else float(not wrong),
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


def assert_same_bytes(write: Callable[[list[Path]], object], folder: Path, names: list[str]) -> list[Path]:
    """Call ``write(paths)`` twice; the files are equal and not empty. Returns the first call's paths."""
    first, second = ([folder / str(turn) / name for name in names] for turn in (0, 1))
    write(first)
    write(second)
    for one, other in zip(first, second, strict=True):
        assert one.stat().st_size > 100, one
        assert one.read_bytes() == other.read_bytes(), one
    return first


def embedding_space(edits: int = 6, heads: int = 2, width: int = 8) -> pd.DataFrame:
    """A frame as ``serac.evaluation.embedding_space`` makes it."""
    rng = np.random.default_rng(5)
    rows, vectors = [], []
    for edit in range(edits):
        centre = rng.normal(0, 2, heads * width)
        for role, hard, spread, count in (
            ("edit", False, 0.0, 1),
            ("in", False, 0.15, 3),
            ("in", True, 0.3, 3),
            ("out", False, 1.8, 3),
            ("out", True, 0.9, 3),
        ):
            for _ in range(count):
                near = spread < 0.5
                similarity = rng.uniform(0.6, 1.0) if near else rng.uniform(0.0, 0.4)
                text = f"Where did the famous engineer Person {edit} go to school?[SEP]University of Place {edit}[SEP]"
                rows.append((edit, role, hard, role, text, 1.0 if role == "edit" else similarity))
                vectors.append(centre + rng.normal(0, 1, heads * width) * spread)
    frame = pd.DataFrame(rows, columns=["edit", "role", "hard", "kind", "text", "similarity"])
    names = [f"h{head}_{i}" for head in range(heads) for i in range(width)]
    return pd.concat([frame, pd.DataFrame(np.array(vectors, dtype=np.float32), columns=names)], axis=1)


def threshold_outcomes(editor: str = "serac_embed") -> pd.DataFrame:
    """A frame as ``serac.evaluation.threshold`` makes it."""
    rng = np.random.default_rng(len(editor) + ord(editor[-1]))
    count = 300
    inside = rng.beta(6, 1.1, count)
    outside = rng.beta(1.1, 7, count)
    return pd.DataFrame(
        {
            "batch": np.tile(np.arange(count) // 30, 2),
            "seed": 0,
            "edit_id": "e",
            "scope": ["in"] * count + ["out"] * count,
            "kind": "main",
            "hard": False,
            "beta": np.concatenate([inside, outside]),
            "value_routed": (rng.random(2 * count) < 0.97).astype(float),
            "value_base": np.concatenate([rng.random(count) < 0.02, np.zeros(count)]).astype(float),
        }
    )


def sequential(editor: str, seeds: Sequence[int] = (0, 1)) -> pd.DataFrame:
    """Rows as the csv of ``serac.evaluation.sequential`` has them."""
    es, dd = LEVELS[editor]
    fall = 0.0 if editor.startswith(("serac", "rp", "lu")) else 0.08
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        [
            (seed, n, np.clip(es - fall * np.log(n) + rng.normal(0, 0.01), 0, 1), dd + fall * np.log(n) / 2)
            for seed in seeds
            for n in (1, 10, 25, 50, 100, 200)
        ],
        columns=["seed", "edits", "es", "dd"],
    )


def history(columns: tuple[str, ...], steps: int = 6) -> pd.DataFrame:
    """Rows as a ``history.csv`` has them."""
    step = np.arange(1, steps + 1) * 300
    frame = pd.DataFrame({"step": step, "seconds": step / 40, "loss": 3.0 / step**0.5})
    for i, name in enumerate(columns):
        frame[name] = 2.5 / step**0.3 if name == "validation_loss" else 1 - (0.4 + 0.1 * i) * np.exp(-step / 600)
    return frame


def memory_scaling() -> pd.DataFrame:
    """Rows as the benchmark of large memories writes them."""
    rows = []
    for batch in (1, 32):
        for classifier, slope in (("embed", 1e-5), ("cross", 3e-5)):
            for edits in (1, 10, 100, 1000, 10_000, 100_000):
                ratio = 1.05 + slope * edits
                rows.append((classifier, edits, batch, "ours", 0.08 * ratio, ratio))
                if edits <= (1000 if classifier == "embed" else 100):
                    ratio = 3 + edits * slope * 3000
                    rows.append((classifier, edits, batch, "reference", 0.08 * ratio, ratio))
    return pd.DataFrame(rows, columns=["classifier", "edits", "batch", "way", "seconds", "ratio"])


def large_memory() -> pd.DataFrame:
    """Rows as ``serac.editors.serac.large_memory_routing`` makes them."""
    kinds = ("rephrase", "other_relation", "other_subject", "near_name", "random")
    rows = [
        (threshold, kind, 200, recall, 0.9 if inside else 0.1, 0.9 - lost / 10 if inside else None, edits, classifier)
        for classifier in ("embed", "cross")
        for lost, edits in enumerate((1000, 10_000))
        for threshold in ("fixed", "calibrated", "learned")
        for kind in kinds
        for inside in [kind == "rephrase"]
        for recall in [0.95 if inside else None]
    ]
    columns = ["threshold", "kind", "questions", "recall", "routed", "right", "edits", "classifier"]
    return pd.DataFrame(rows, columns=columns).assign(search_ms=2.0, search_p99_ms=3.0, index_recall=1.0)


def components() -> pd.DataFrame:
    """A frame as ``serac.evaluation.components`` makes it."""
    rng = np.random.default_rng(4)
    rows = []
    for component in ("scope_classifier", "counterfactual"):
        for edit in range(60):
            for scope, hard in (("in", False), ("in", True), ("out", False), ("out", True)):
                level = 0.98 if not hard else 0.95 if scope == "in" else 0.7
                rows.append((component, f"e{edit}", scope, hard, float(rng.random() < level)))
    return pd.DataFrame(rows, columns=["component", "edit_id", "scope", "hard", "value"])


def cost() -> dict[str, Any]:
    """A measurement as ``serac.evaluation.cost`` makes it."""
    ratios = [1.03 + 0.002 * i for i in range(20)]
    return {
        "base_seconds": 0.020, "edited_seconds": 0.021, "base_bytes": 4e6, "edited_bytes": 5e6, "ratio": 1.05,
        "ratios": ratios, "edits": 10, "batch": 10, "repeats": 20, "device": "cpu",
    }  # fmt: skip


def write_cell(cell: Cell) -> None:
    """Write what a finished run has in the place of a cell."""
    path = Path(cell.file)
    path.parent.mkdir(parents=True, exist_ok=True)
    what = path.parts[2]
    if what in ("outcomes", "base_models"):
        outcomes(cell.editor, cell.problem, edits=max(60, 2 * cell.k), k=cell.k).to_parquet(path)
    elif what == "components":
        components().to_parquet(path)
    elif what == "cost":
        path.write_text(json.dumps(cost()))
    elif what == "embedding_space":
        embedding_space().to_parquet(path)
    elif what == "threshold":
        threshold_outcomes(cell.editor).to_parquet(path)
    elif what == "sequences":
        sequential(cell.editor).to_csv(path, index=False)
    elif what == "large_memory":
        large_memory().to_csv(path, index=False)
    elif what == "memory_scaling.csv":
        memory_scaling().to_csv(path, index=False)
    elif what == "problems":
        write_examples(path, {"fc": claims, "convsent": opinions}.get(cell.problem, qa)())
    elif path.name == "history.csv":
        columns = ("score", "recall_in", "recall_out") if "classifier" in cell.about else ("score", "accuracy")
        history(("es", "dd", "score") if cell.about in ("mend", "enn") else columns).assign(perplexity=2.0).to_csv(path)
    else:
        raise NotImplementedError(path)

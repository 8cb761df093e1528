"""The benchmark programs run, and the plain reference's way computes what SERAC computes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import serac_parts
from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.serac.embed import SHORTLIST
from tiny_models import Tiny

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import goals
import index_recall
import memory_scaling
import run_all
from reference_way import ReferenceWay


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_reference_way_is_serac(tiny_t5: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny_t5, kind, half=False)
    model.settings = RoutingSettings(threshold=serac_parts.middle(model, tiny_t5))
    plain = ReferenceWay.of(model)
    batch: dict[str, Any] = {**tiny_t5.task.encode_queries(tiny_t5.queries)}
    torch.testing.assert_close(plain(**batch).logits, model(**batch).logits, atol=1e-5, rtol=1e-5)
    assert 0 < model.routing()["routed"].sum() < len(tiny_t5.queries)
    batch.pop("labels")
    options: dict[str, Any] = {"max_new_tokens": 6, "do_sample": False}
    said, one_by_one = model.generate(**batch, **options), plain.generate(**batch, **options)
    assert tiny_t5.task.texts(said) == tiny_t5.task.texts(one_by_one)


def test_every_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_scaling, "ENCODED", 6)
    monkeypatch.setattr(sys, "argv", ["run_all", "--quick", "--out", str(tmp_path)])
    run_all.main()
    tables = {name: pd.read_csv(tmp_path / "benchmarks" / f"{name}.csv") for name in run_all.STEPS}
    scaling = tables["scaling"]
    assert scaling.groupby("kind")["edits"].unique().map(list).to_dict() == {"embed": [1, 12], "cross": [1, 12]}
    times = ["base_ms", "encoder_ms", "serac_ms", "peak_mb", "save_s", "load_s"]
    assert (pd.concat([scaling, tables["large"]])[times] > 0).all().all()
    assert scaling["reference_ms"].notna().tolist() == [True, True, True, True, True, False, True, False]
    assert tables["large"].groupby("share")["routed"].first().loc[[0.0, 1.0]].tolist() == [0, 1]
    assert tables["evaluation"]["equal"].all()
    assert (tables["evaluation"]["routed"] % 1 > 0).all(), "some inputs are routed, others are not"
    assert (tables["evaluation"][["dd_ours", "dd_generated_ours"]] > 0).all().all()
    assert tables["peak"].query("edits == 2")["above_mb"].tolist() == [0]
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert page.count(goals.NOT_MEASURED) == 2 * len(goals.GOALS), "tiny models say nothing about the goals"
    assert all(f"## {step.title}" in page for step in run_all.STEPS.values())


def test_goals_count_the_worst_of_their_rows() -> None:
    goal = goals.Goal("a ratio", "large", "ratio", {"edits": 100}, at_most=1.25)
    table = pd.DataFrame({"edits": [100, 100, 10], "ratio": [1.1, 1.2, 9.0]})
    assert goal.row({"large": table}) == {
        "goal": "a ratio", "wanted": "at most 1.25", "measured": "1.2", "met": "yes",
    }  # fmt: skip
    assert goal.row({"large": table.assign(ratio=1.3)})["met"] == "no"
    assert goal.row({"large": table[table["edits"] == 10]})["met"] == goals.NOT_MEASURED
    least = goals.Goal("a factor", "large", "ratio", {}, at_least=1.15)
    assert (least.row({"large": table})["measured"], least.row({"large": table})["met"]) == ("1.1", "no")


def test_goals_ask_for_what_the_steps_measure() -> None:
    sizes = run_all.GOAL_SIZES
    for goal in goals.GOALS:
        step = run_all.STEPS[goal.step]
        options = vars(step.program.parser().parse_args(step.arguments.format(**sizes).split()))
        asked = {"kind": "kinds", "edits": "sizes", "batch": "batch_sizes"}
        for column, value in goal.where.items():
            chosen = options[asked.get(column, column)]
            assert value in (chosen if isinstance(chosen, list) else [chosen]), f"{goal.text}: {column}"


@pytest.mark.parametrize("width", [16, 64])
def test_approximate_index_recalls_clustered_rows(width: int) -> None:
    data = index_recall.clustered(4000, width, 200)
    queries = index_recall.near(data, 200)
    _, best = index_recall.store_of(data).nearest(queries, SHORTLIST)
    found = []
    for probes in (1, MemorySettings().probes, 10**6):
        store = index_recall.store_of(data, approximate_above=len(data) - 1, probes=probes)
        found.append(index_recall.recall(store, queries, best))
    few, default, every = found
    assert default["recall_at_1"] >= 0.98
    assert default["recall_at_8"] >= 0.95
    assert every["recall_at_1"] >= 0.995, "only the rounding to eight bits is left"
    assert few["recall_at_8"] < default["recall_at_8"] <= every["recall_at_8"]

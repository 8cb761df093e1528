from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paper_fakes import assert_same_bytes, results
from serac.paper.summary import MissingResultError, over_seeds, select
from serac.paper.table_main import main_numbers, main_table, tabulate_main

NAMES = ["main.csv", "main.md", "main.tex"]


@pytest.fixture
def results_csv(tmp_path):
    path = tmp_path / "results.csv"
    results().to_csv(path, index=False)
    return path


def test_main_table_is_complete_and_reproducible(results_csv, tmp_path):
    csv, md, tex = assert_same_bytes(lambda paths: tabulate_main(results_csv, paths), tmp_path, NAMES)
    data = pd.read_csv(csv)
    assert len(data) == 7 * 3 + 5
    assert not data.drop(columns=["reported_es", "reported_dd", "reported_status"]).isna().any().any()
    lines = md.read_text().splitlines()
    assert lines[0].startswith("| problem | metric | FT | LU | MEND | ENN | RP | SERAC (Embed) | SERAC (Cross) |")
    assert len([line for line in lines if line.startswith("|")]) == 2 + 4 * 4
    assert "recalled, unverified" in md.read_text()
    text = tex.read_text()
    assert "\\toprule" in text
    assert "\\bfseries" in text
    assert text.count("{") == text.count("}")
    assert "nan" not in text.lower() + md.read_text().lower()


def test_printed_values_are_means_over_seeds():
    frame = results()
    table = main_table(frame)
    cells = frame.query("problem == 'qa' and editor == 'mend' and metric == 'es' and subset == 'all'")
    row = table.display.query("problem == 'QA' and metric == 'ES ↑'").iloc[0]
    assert row["MEND"].startswith(f"{cells['value'].mean():.3f} ± ")
    reported = table.display.query("problem == 'QA' and metric == 'ES ↑ reported'").iloc[0]
    assert (reported["MEND"], reported["SERAC (Cross)"]) == ("0.823", "–")


@pytest.mark.parametrize("metric", ["ES ↑", "DD ↓"])
def test_the_editor_with_the_largest_difference_is_bold(metric):
    frame = results()
    table = main_table(frame)
    numbers = main_numbers(frame, k=10).query("problem == 'fc'").set_index("editor")["es_minus_dd"]
    row = int(np.flatnonzero((table.display["problem"] == "FC") & (table.display["metric"] == metric))[0])
    best = {table.display.columns[j] for i, j in table.bold if i == row}
    assert best == {{"serac_embed": "SERAC (Embed)", "serac_cross": "SERAC (Cross)"}[numbers.idxmax()]}


def test_interval_joins_bootstrap_and_spread_over_seeds():
    frame = results(editors=("mend",), problems=("qa",))
    cells = frame.query("metric == 'es' and subset == 'all'")
    row = over_seeds(frame).query("metric == 'es' and subset == 'all'").iloc[0]
    bootstrap = ((cells["ci_high"] - cells["ci_low"]) / 2).mean()
    spread = 1.96 * cells["value"].std() / np.sqrt(3)
    assert row["half_width"] == pytest.approx(np.hypot(bootstrap, spread))
    one = over_seeds(cells.query("seed == 0")).iloc[0]
    assert one["half_width"] == pytest.approx((cells["ci_high"] - cells["ci_low"]).iloc[0] / 2)


def test_a_missing_result_says_what_is_missing():
    with pytest.raises(MissingResultError, match="k 75"):
        main_table(results(), k=75)
    with pytest.raises(MissingResultError, match="problem 'convsent'"):
        select(results(problems=("qa",)), problem="convsent")

"""The report: every item with its claim, what the run shows and a verdict that follows from the numbers."""

from __future__ import annotations

import pandas as pd
import pytest

import paper_fakes as fakes
from serac.errors import SeracError
from serac.paper import findings_figures as figures
from serac.paper import findings_tables as tables
from serac.paper.claims import ITEMS
from serac.paper.figure_threshold import metric_at
from serac.paper.readme import BEGIN, END, update_readme
from serac.paper.report import write_report
from serac.paper.run import Run, read_run
from serac.paper.summary import over_seeds
from serac.paper.table_components import components_table
from serac.paper.table_cost import cost_table
from serac.paper.table_main import main_numbers
from test_paper_tables import COST_PARTS, cost


def es_dd(by: str, cells: dict[tuple[str, str], tuple[float, float]]) -> pd.DataFrame:
    rows = [(p, k, metric, v) for (p, k), both in cells.items() for metric, v in zip(("es", "dd"), both, strict=True)]
    return pd.DataFrame(rows, columns=["problem", by, "metric", "value"])


def component_frame(classifier_hard: float) -> pd.DataFrame:
    rows = []
    for component in ("scope_classifier", "counterfactual"):
        for scope in ("in", "out"):
            for hard in (False, True):
                level = classifier_hard if (component, scope, hard) == ("scope_classifier", "out", True) else 1.0
                rows += [(component, scope, hard, float(i < 20 * level)) for i in range(20)]
    return pd.DataFrame(rows, columns=["component", "scope", "hard", "value"])


@pytest.fixture(scope="module")
def run() -> Run:
    results = pd.concat(
        [fakes.results(), fakes.results(editors=("serac_embed", "mend", "enn"), problems=("qa",), ks=(1, 25, 75))]
    )
    classifier = {("qa_hard", "serac_embed"): (0.9, 0.02), ("qa_hard", "serac_cross"): (0.9, 0.01)}
    classifier |= {("fc", "serac_embed"): (0.8, 0.1), ("fc", "serac_cross_large"): (0.88, 0.05)}
    return Run(
        k=10,
        results=over_seeds(results),
        tables={
            "main": main_numbers(results, k=10),
            "components": components_table({"serac_embed": [component_frame(0.8)]}).data,
            "scope_classifier": es_dd("editor", classifier),
            "base_models": es_dd("base", {("qa", "small"): (0.95, 0.01), ("qa", "large"): (0.96, 0.02)}),
            "cost": cost_table({"qa": cost(1.05), "fc": cost(3.0)}, COST_PARTS).data,
        },
        sequential_edits={editor: fakes.sequential(editor) for editor in fakes.LEVELS},
        threshold={editor: fakes.threshold_outcomes(editor) for editor in ("serac_embed", "serac_cross")},
        edit_scope=fakes.embedding_space(),
        errors=fakes.outcomes(),
        memory_scaling=fakes.memory_scaling(),
        training={
            ("qa", "base model"): [fakes.history(("accuracy", "perplexity", "score"))],
            ("fc", "mend"): [fakes.history(("es", "score"))],
        },
    )


def replaced(run: Run, name: str, table: pd.DataFrame) -> Run:
    return Run(**{**vars(run), "tables": {**run.tables, name: table}})


def test_every_check_can_hold_and_is_said_in_numbers(run):
    for item in ITEMS:
        if item.check:
            finding = item.check(run)
            assert any(character.isdigit() for character in finding.shows), item.name
            assert "nan" not in finding.shows.lower(), item.name
            if item.name not in ("errors", "memory_scaling"):
                assert finding.holds is True, (item.name, finding.shows)
    assert figures.memory_scaling(run).holds is False  # 2.05 against 1.05
    assert figures.errors(run).holds is None


def test_main_fails_when_another_editor_wins_a_problem(run):
    table = run.tables["main"].copy()
    table.loc[(table["problem"] == "fc") & (table["editor"] == "lu"), "es_minus_dd"] = 0.99
    assert tables.main(replaced(run, "main", table)).holds is False


def test_scope_classifier_fails_when_embed_wins_fact_checking(run):
    table = es_dd("editor", {("fc", "serac_embed"): (0.9, 0.0), ("fc", "serac_cross"): (0.8, 0.0)})
    assert tables.scope_classifier(replaced(run, "scope_classifier", table)).holds is False
    table = es_dd("editor", {("qa_hard", "serac_embed"): (0.9, 0.0), ("qa_hard", "serac_cross"): (0.8, 0.0)})
    assert tables.scope_classifier(replaced(run, "scope_classifier", table)).holds is None


def test_components_fail_when_one_is_inaccurate_or_hard_inputs_are_easier(run):
    frame = component_frame(1.0)
    frame.loc[(frame["component"] == "scope_classifier") & (frame["scope"] == "out") & ~frame["hard"], "value"] = 0.0
    table = components_table({"serac_embed": [frame]}).data
    assert tables.components(replaced(run, "components", table)).holds is False


def test_training_fails_when_a_part_never_improves(run):
    falling = fakes.history(("es", "score")).assign(score=[0.0, -1.0, -2.0, -3.0, -4.0, -5.0])
    finding = figures.training_curves(Run(**{**vars(run), "training": {**run.training, ("qa", "enn"): [falling]}}))
    assert finding.holds is False
    assert "QA accuracy" in finding.shows
    assert "2 of 3 trained parts (not: enn of QA)" in finding.shows


def test_base_models_fail_when_one_is_served_badly(run):
    table = es_dd("base", {("qa", "small"): (0.95, 0.01), ("qa", "large"): (0.85, 0.02)})
    assert tables.base_models(replaced(run, "base_models", table)).holds is False


def test_cost_fails_when_serac_is_slow(run):
    table = cost_table({"qa": cost(1.3), "fc": cost(3.0)}, COST_PARTS).data
    assert tables.cost(replaced(run, "cost", table)).holds is False


def test_batched_edits_fail_when_serac_loses_as_well(run):
    results = run.results.copy()
    where = (results["editor"] == "serac_embed") & (results["k"] == 75) & (results["metric"] == "es_minus_dd")
    results.loc[where, "value"] = 0.5
    assert figures.batched_edits(Run(**{**vars(run), "results": results})).holds is False


def test_sequences_fail_when_serac_forgets(run):
    courses = {**run.sequential_edits, "serac_cross": fakes.sequential("mend")}  # while Embed keeps all
    assert figures.sequential_edits(Run(**{**vars(run), "sequential_edits": courses})).holds is False


def test_sequences_fail_when_changed_weights_keep_their_edits(run):
    courses = {**run.sequential_edits, "ft": fakes.sequential("serac_embed")}
    assert figures.sequential_edits(Run(**{**vars(run), "sequential_edits": courses})).holds is False


def test_kinds_fail_when_one_serac_loses_more_than_the_others(run):
    results = run.results.copy()
    cell = (results["editor"] == "serac_embed") & (results["problem"] == "qa_hard") & (results["metric"] == "es")
    results.loc[cell & (results["subset"] == "implication"), "value"] = 0.0
    assert figures.per_kind(Run(**{**vars(run), "results": results})).holds is False


def test_components_decide_nothing_without_hard_inputs(run):
    table = components_table({"serac_embed": [component_frame(0.8)]}).data.query("subset == 'all'")
    assert tables.components(replaced(run, "components", table)).holds is None


def test_threshold_fails_when_another_one_is_better(run):
    frame = fakes.threshold_outcomes().assign(value_routed=1.0, value_base=0.0)
    frame["beta"] *= 0.5  # nothing is above 0.5
    assert metric_at(frame[frame["scope"] == "in"], 0.5) == 0
    assert figures.threshold(Run(**{**vars(run), "threshold": {"serac_embed": frame}})).holds is False


def test_report_holds_every_item_that_has_a_file(run, tmp_path):
    files = {"table": [], "figure": []}
    for item in ITEMS:
        suffix = ".md" if item.form == "table" else ".png"
        path = tmp_path / f"{item.form}s" / f"{item.name}{suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"| {item.name} |\n| --- |\n| 1 |\n")
        files[item.form].append(path)

    def write(paths):
        write_report(
            run, paths[0], name="test", tables=files["table"], figures=files["figure"], about={"commit": "abc"},
            subjects={"errors": "QA-hard, SERAC (Cross)"},
        )  # fmt: skip

    text = fakes.assert_same_bytes(write, tmp_path, ["REPORT.md"])[0].read_text()
    for item in ITEMS:
        assert f"## {item.title}\n" in text
        assert item.claim in text
    assert "![Many edits at once](../figures/batched_edits.png)" in text
    assert text.count("holds in this run") == 2 * (sum(item.check is not None for item in ITEMS) - 2)
    assert "does not hold in this run" in text
    assert "| main |" in text
    assert "This run (QA-hard, SERAC (Cross)): Share of inputs" in text
    assert "(counted: SERAC loses at most 0.05, every other editor more)." in text
    assert "recalled, unverified" in text
    assert "- commit: abc" in text
    assert "nan" not in text.replace("Finance", "").lower()


def test_report_leaves_out_what_the_run_does_not_have(run, tmp_path):
    (tmp_path / "main.md").write_text("| a |\n")
    write_report(run, tmp_path / "REPORT.md", name="test", tables=[tmp_path / "main.md"], figures=[])
    text = (tmp_path / "REPORT.md").read_text()
    assert text.count("\n## ") == 1
    assert "## All editors on all problems" in text


def test_a_run_is_read_from_its_files(tmp_path):
    fakes.results().to_csv(tmp_path / "results.csv", index=False)
    main_numbers(fakes.results(), k=10).to_csv(tmp_path / "main.csv", index=False)
    fakes.sequential("mend").to_csv(tmp_path / "mend.csv", index=False)
    fakes.outcomes().to_parquet(tmp_path / "outcomes.parquet")
    run = read_run(
        k=10,
        results=tmp_path / "results.csv",
        tables=[tmp_path / "main.csv"],
        sequential_edits={"mend": [tmp_path / "mend.csv"]},
        errors=[tmp_path / "outcomes.parquet"],
    )
    assert tables.main(run).holds is True
    assert figures.errors(run).shows
    assert figures.sequential_edits(run).holds is None  # no SERAC among them


def test_readme_section_is_replaced_and_the_rest_kept(tmp_path):
    readme, picture = tmp_path / "README.md", tmp_path / "docs" / "batched_edits.png"
    readme.write_text(f"# Title\n\n{BEGIN}\nold numbers\n{END}\n\n## More\n")
    (tmp_path / "main.md").write_text("| ES |\n| --- |\n| 0.99 |\n")
    (tmp_path / "figure.png").write_bytes(b"png")
    for _ in range(2):
        update_readme(
            readme,
            main_table=tmp_path / "main.md",
            figure=tmp_path / "figure.png",
            picture=picture,
            about={"commit": "abc", "machine": "2 cores"},
        )
    text = readme.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("## More\n")
    assert "old numbers" not in text
    assert text.count("| 0.99 |") == 1
    assert "commit abc, machine 2 cores." in text
    assert "(docs/batched_edits.png)" in text
    assert picture.read_bytes() == b"png"


def test_readme_without_markers_is_refused(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n")
    with pytest.raises(SeracError, match="once each"):
        update_readme(readme, main_table=readme, figure=readme, picture=tmp_path / "p.png", about={})
    assert readme.read_text() == "# Title\n"

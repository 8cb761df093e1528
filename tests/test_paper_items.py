"""Every item from the files of its cells: complete, legible, equal bytes for equal input, claims that can fail."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.text import Text

import paper_fakes as fakes
from added_from_outside import install
from serac.errors import SeracError
from serac.paper import style
from serac.paper.item import Cell, Data, Item
from serac.paper.items.facts import FactsTableSettings
from serac.paper.items.knowledge import KnowledgeSettings, known, reading
from serac.paper.making import data_of, make_item, parameters
from serac.paper.readme import BEGIN, END, update_readme
from serac.paper.registry import ITEMS
from serac.paper.report import claims_table, read_records, write_report
from serac.paper.tables import Table, with_interval, write_table
from serac.paper.verdicts import overall
from serac.settings import load
from snakemake_runs import ROOT

SCENARIO: Any = load(ROOT / "config/config.yaml")
EXPECTED = {  # printed rows of a table, panels of a figure
    "overview": 1,
    "examples": 4,
    "main": 22,
    "training_time": 4,
    "batched_edits": 1,
    "base_models": 5,
    "cost": 4,
    "components": 4,
    "scope_classifier": 2,
    "edit_scope": 2,
    "errors": 2,
    "sequential_edits": 2,
    "threshold": 2,
    "per_kind": 1,
    "training_curves": 21,
    "memory_scaling": 2,
    "large_memory": 3,
}


def data(name: str, settings: Any = None) -> Data[Any]:
    """The data of an item of the default scenario, with all its cells written."""
    item = ITEMS[name]
    values = parameters(item, settings or SCENARIO.paper.settings_of(name), SCENARIO, SCENARIO.bootstrap)
    files = {cell["file"] for cell in values["cells"]}
    for cell in values["cells"]:
        if not Path(cell["file"]).exists():
            fakes.write_cell(Cell(**cell))
    return data_of(item, values, files)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder that holds a finished run of the default scenario."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.mark.parametrize("name", EXPECTED)
def test_item_is_complete_legible_and_reproducible(
    name: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = ITEMS[name]
    drawn: list[Any] = []

    def check_and_save(figure: Any, outputs: Any, save: Any = style.save) -> None:
        save(figure, outputs)
        if not drawn:
            assert len(figure.axes) == EXPECTED[name]
            assert figure.get_figwidth() in (style.COLUMN, style.PAGE)
            assert_legible(figure)
        drawn.append(figure)

    monkeypatch.setattr(style, "save", check_and_save)
    names = [Path(file).name for file in item.files("results", name)]
    files = fakes.assert_same_bytes(lambda paths: make(name, data(name), paths), tmp_path, [*names, "record.json"])
    if item.form == "table":
        lines = [line for line in files[1].read_text().splitlines() if line.startswith("|")]
        assert len(lines) == EXPECTED[name] + 2
        assert all(line.count("|") == lines[0].count("|") for line in lines)
        assert not set("↑↓→−±–“”") & set(files[2].read_text()), "plain pdflatex does not read it"
        assert "nan" not in (files[1].read_text() + files[2].read_text()).lower()
    (record,) = read_records(files[-1:])
    assert item.category in ("Method", "Main results", "Analysis", "Beyond the paper")
    assert not set("{}") & set(record["caption"] + record["shows"])
    assert bool(record["claims"]) == (item.check is not vars(Item)["check"])
    assert claims_table([record])["verdict"].isin(["holds", "does not hold", "undecided"]).all()


def make(name: str, content: Data[Any], paths: list[Path]) -> None:
    make_item(name, ITEMS[name], content, paths[:-1], paths[-1], {})


def test_every_item_is_tested() -> None:
    assert {*EXPECTED, "rules", "real_text", "knowledge", "facts"} == set(ITEMS)  # these four have tests of their own


def test_knowledge_counts_the_usual_answers_out_of_scope(run: Path, tmp_path: Path) -> None:
    content = data("knowledge", KnowledgeSettings(problem="qa_hard"))
    make("knowledge", content, [tmp_path / name for name in ("k.csv", "k.md", "k.tex", "record.json")])
    lines = [line for line in (tmp_path / "k.md").read_text().splitlines() if line.startswith("|")]
    assert lines[0].count("|") == len(content.distinct("editor")) + 3
    assert lines[-1].startswith("| all")
    rows = [("none", "out", "random", "a", "Rome", "rome"), ("none", "out", "random", "b", "Oslo", "Bonn")]
    rows += [rows[0], ("none", "out", "reverse", "c", "Ann", "Ann"), ("none", "in", "main", "d", "x", "x")]
    columns = ["editor", "scope", "kind", "input", "label", "edited_output"]
    found = known(pd.DataFrame(rows, columns=columns).assign(training=0))
    assert found.values.tolist() == [
        ["none", "random", 2, 0.5],
        ["none", "reverse", 1, 1.0],
        ["none", "all", 3, pytest.approx(2 / 3)],
    ]


def test_knowledge_compares_the_likelihood_of_prose() -> None:
    values = {"no_edit": [1.0, 3.0], "ft": [1.0, 5.0]}
    rows = [
        {"editor": editor, "scope": "prose", "input": f"window {n}", "value": value, "training": 0}
        for editor, losses in values.items()
        for n, value in enumerate(losses)
    ]
    found = reading(pd.DataFrame(rows)).set_index(["editor", "kind"])["value"]
    assert found["no_edit", "English text, perplexity"] == pytest.approx(math.exp(2))
    assert found["ft", "English text, perplexity"] == pytest.approx(math.exp(3))
    assert found["no_edit", "English text, unchanged"] == 1
    assert found["ft", "English text, unchanged"] == 0.5


def test_facts_shows_every_kind_for_every_number_of_edits(run: Path, tmp_path: Path) -> None:
    content = data("facts", FactsTableSettings(problem="qa_hard", ks=(10, 20), largest={"ft": 10}, claimed=10))
    assert {cell.k for cell in content.where(editor="ft")} == {10}
    make("facts", content, [tmp_path / name for name in ("f.csv", "f.md", "f.tex", "record.json")])
    numbers = pd.read_csv(tmp_path / "f.csv")
    cell = numbers[(numbers["editor"] == "serac_embed") & (numbers["k"] == 20) & (numbers["kind"] == "true_false")]
    (file,) = (cell.file for cell in content.where(editor="serac_embed", k=20))
    rows = pd.read_parquet(file).query("scope == 'in' and kind == 'true_false'")
    assert cell[["value", "inputs"]].values.tolist() == [[pytest.approx(rows["value"].mean(), abs=1e-6), len(rows)]]
    lines = [line for line in (tmp_path / "f.md").read_text().splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + len(content.cells)
    claims = ITEMS["facts"].check(content)
    leads = {claim.claim for claim in claims if claim.claim.endswith("far ahead of FT.")}
    assert len(leads) == 2  # of both sorts of SERAC
    assert any(claim.statistic == "DD" for claim in claims)


@pytest.mark.parametrize(("name", "loser"), [("main", "serac_embed"), ("batched_edits", "serac_embed")])
def test_a_claim_fails_when_serac_is_bad(
    name: str, loser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert overall(ITEMS[name].check(data(name))) != "does not hold"
    for cell in data(name).where(editor=loser):
        frame = pd.read_parquet(cell.file)
        bad = (frame["scope"] == "in") & (cell.k >= 10)
        frame.assign(value=frame["value"].where(~bad, 0.0)).to_parquet(cell.file)
    assert overall(ITEMS[name].check(data(name))) == "does not hold"


def test_es_and_dd_are_not_subtracted_where_dd_is_in_nats(run: Path) -> None:
    claims = [claim for claim in ITEMS["main"].check(data("main")) if "ConvSent" in claim.claim]
    assert [claim.statistic.partition(" of")[0] for claim in claims] == ["ES", "DD"]


def test_only_equals_are_bold(run: Path) -> None:
    table = ITEMS["main"].make.__globals__["main_table"](data("main"))
    rows = table.display[(table.display["problem"] == "QA-hard") & (table.display["metric"] == "ES ↑")].index
    bold = {table.display.columns[j] for i, j in table.bold if i in rows}
    assert bold == {"SERAC (Embed)", "SERAC (Cross)"}


def test_a_missing_result_takes_its_row_out_with_a_note(run: Path, tmp_path: Path) -> None:
    content = data("base_models")
    kept = [cell for cell in content.cells if cell.base != "gpt2"]
    partial = replace(content, cells=kept, missing=[cell for cell in content.cells if cell.base == "gpt2"])
    ITEMS["base_models"].make(partial, [tmp_path / "t.md"])
    text = (tmp_path / "t.md").read_text()
    assert "| GPT-2" not in text
    assert "results are missing: qa (gpt2, serac_embed, k = 10); qa_hard (gpt2, serac_embed, k = 10)." in text


def test_a_package_adds_a_figure(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)
    assert list(ITEMS)[-1] == "misses"
    content = data("misses", ITEMS["misses"].settings(problem="fc"))
    make("misses", content, [tmp_path / "misses.png", tmp_path / "misses.json"])
    assert (tmp_path / "misses.png").stat().st_size > 1000
    assert content.distinct("problem") == ["fc"]


def test_report_and_claims_say_the_same(run: Path, tmp_path: Path) -> None:
    shown = []
    for name in ("overview", "main", "batched_edits"):
        files = [tmp_path / Path(file).name for file in ITEMS[name].files("", name)]
        make(name, data(name), [*files, tmp_path / f"{name}.json"])
        shown += [file for file in files if file.suffix in (".md", ".png")]
    records = read_records([tmp_path / f"{name}.json" for name in ("overview", "main", "batched_edits")])
    write_report(records, shown, tmp_path / "REPORT.md", name="x", confidence=0.9, about={"commit": "abc"})
    text = (tmp_path / "REPORT.md").read_text()
    assert "90% bootstrap intervals" in text
    table = claims_table(records)
    assert set(table["item"]) == {"main", "batched_edits"}
    for row in table.to_dict("records"):
        said = next(line for line in text.splitlines() if line.startswith(f"- {row['claim']} "))
        assert f"**{row['verdict'].capitalize()}.**" in said
        assert f"{row['value']:.3f}" in said


def test_readme_section_is_replaced_and_the_rest_kept(tmp_path: Path) -> None:
    readme, picture = tmp_path / "README.md", tmp_path / "docs" / "batched_edits.png"
    readme.write_text(f"# Title\n\n{BEGIN}\nold numbers\n{END}\n\n## More\n")
    (tmp_path / "main.md").write_text("| ES |\n| --- |\n| 0.99 |\n")
    (tmp_path / "figure.png").write_bytes(b"png")
    files: dict[str, Any] = {"tables": [tmp_path / "main.md"], "figure": tmp_path / "figure.png", "picture": picture}
    for _ in range(2):
        update_readme(readme, **files, about={"commit": "abc", "machine": "2 cores"}, claims=["| claim |"])
    text = readme.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("## More\n")
    assert "old numbers" not in text
    assert text.count("| 0.99 |") == text.count("| claim |") == 1
    assert "commit abc, machine 2 cores." in text
    assert "(docs/batched_edits.png)" in text
    assert picture.read_bytes() == b"png"
    readme.write_text("# Title\n")
    with pytest.raises(SeracError, match="once each"):
        update_readme(readme, about={}, **files)


def test_cells_are_escaped_where_needed(tmp_path: Path) -> None:
    display = pd.DataFrame({"a_b": ["50% & more | x_y", with_interval(float("nan"), 0.0, 0.0)]})
    table = Table(pd.DataFrame({"a": [1.0, 2.0]}), display, "100% of a_b", frozenset({(0, 0)}))
    write_table(table, [tmp_path / "t.md", tmp_path / "t.tex"])
    assert "| **50% & more \\| x_y** |" in (tmp_path / "t.md").read_text()
    text = (tmp_path / "t.tex").read_text()
    assert "\\bfseries 50\\% \\& more | x\\_y" in text
    assert "\\caption{100\\% of a\\_b}" in text


def assert_legible(drawn: Any) -> None:
    """All text at least 6 points, inside the page, and apart from other text."""
    shown: dict[int, Text] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", lambda text, renderer: shown.setdefault(id(text), text))
        drawn.canvas.draw()
    boxes = []
    for text in shown.values():
        box = text.get_window_extent(drawn.canvas.get_renderer())
        if text.get_visible() and text.get_text().strip() and box.width > 1:
            assert float(text.get_fontsize()) >= 6, text
            boxes.append((text, box))
    assert boxes
    page = drawn.bbox
    for text, box in boxes:
        assert page.x0 - 1 <= box.x0, text
        assert box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0, text
        assert box.y1 <= page.y1 + 1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert min(wide, high) < 1, f"{one} lies on {other}"

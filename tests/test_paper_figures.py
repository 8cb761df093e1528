"""Every figure: panels with content, text inside the page and never on other text, equal bytes for equal input."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import paper_fakes as fakes
from serac.paper import style
from serac.paper.figure_batched_edits import plot_batched_edits
from serac.paper.figure_edit_scope import classical_scaling, plot_edit_scope, squared_distances
from serac.paper.figure_errors import categories, category_shares, plot_errors, sample_examples
from serac.paper.figure_memory_scaling import plot_memory_scaling
from serac.paper.figure_overview import plot_overview
from serac.paper.figure_per_kind import per_kind_grid, plot_per_kind
from serac.paper.figure_sequential_edits import plot_sequential_edits
from serac.paper.figure_threshold import metric_at, plot_threshold, roc
from serac.paper.figure_training_curves import drawn_columns, plot_training_curves
from serac.paper.summary import over_seeds

PARTS = {
    "MEND": ("es", "dd", "locality", "score"),
    "ENN": ("es", "dd", "locality", "score"),
    "Embed": ("score", "recall_in", "recall_out", "validation_loss"),
    "Cross": ("score", "recall_in", "recall_out", "validation_loss"),
    "counterfactual": ("score", "accuracy", "validation_loss"),
}


def batched_edits(folder):
    frame = fakes.results(editors=("serac_embed", "mend", "enn"), problems=("qa",), ks=(1, 5, 25, 75))
    frame.to_csv(folder / "results.csv", index=False)
    return lambda paths: plot_batched_edits(folder / "results.csv", paths)


def per_kind(folder):
    fakes.results(editors=(*fakes.LEVELS, "serac_embed_large", "serac_cross_large")).to_csv(
        folder / "results.csv", index=False
    )
    return lambda paths: plot_per_kind(folder / "results.csv", paths)


def overview(folder):
    return plot_overview


def errors(folder):
    fakes.outcomes("mend").to_parquet(folder / "a.parquet")
    fakes.outcomes("serac_embed").to_parquet(folder / "b.parquet")
    return lambda paths: plot_errors([folder / "a.parquet", folder / "b.parquet"], paths)


def edit_scope(folder):
    fakes.embedding_space().to_parquet(folder / "space.parquet")
    return lambda paths: plot_edit_scope(folder / "space.parquet", paths)


def threshold(folder):
    files = {}
    for editor in ("serac_embed", "serac_cross"):
        files[editor] = [folder / f"{editor}.parquet"]
        fakes.threshold_outcomes(editor).to_parquet(files[editor][0])
    return lambda paths: plot_threshold(files, paths)


def sequential_edits(folder):
    files = {}
    for editor in fakes.LEVELS:
        files[editor] = [folder / f"{editor}.csv"]
        fakes.sequential(editor).to_csv(files[editor][0], index=False)
    return lambda paths: plot_sequential_edits(files, paths)


def training_curves(folder):
    files = {}
    for problem in fakes.KINDS:
        for part, columns in PARTS.items():
            if (problem, part) != ("convsent", "MEND"):  # one panel less
                files[problem, part] = [folder / f"{problem}-{part}.csv"]
                fakes.history(columns).to_csv(files[problem, part][0], index=False)
    return lambda paths: plot_training_curves(files, paths)


def memory_scaling(folder):
    fakes.memory_scaling().to_csv(folder / "scaling.csv", index=False)
    return lambda paths: plot_memory_scaling(folder / "scaling.csv", paths)


FIGURES = {
    batched_edits: 1,
    per_kind: 1,
    overview: 1,
    errors: 2,
    edit_scope: 2,
    threshold: 2,
    sequential_edits: 2,
    training_curves: 19,
    memory_scaling: 2,
}


@pytest.mark.parametrize(("figure", "panels"), FIGURES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_figure_is_legible_and_reproducible(figure, panels, tmp_path, monkeypatch):
    checked = []

    def check_and_save(drawn, outputs, save=style.save):
        assert len(drawn.axes) == panels
        assert all(axes.has_data() or axes.texts or axes.patches or axes.get_legend() for axes in drawn.axes)
        assert drawn.get_figwidth() in (style.COLUMN, style.PAGE)
        save(drawn, outputs)
        if not checked:
            assert_legible(drawn)
        checked.append(drawn)

    monkeypatch.setattr(style, "save", check_and_save)
    pdf, png = fakes.assert_same_bytes(figure(tmp_path), tmp_path, [f"{figure.__name__}.pdf", f"{figure.__name__}.png"])
    assert len(checked) == 2
    assert pdf.read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in pdf.read_bytes()
    assert png.read_bytes().startswith(b"\x89PNG")


def assert_legible(drawn) -> None:
    """All text at least 6 points, inside the page, and apart from other text."""
    shown: dict[int, Text] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", lambda text, renderer: shown.setdefault(id(text), text))
        drawn.canvas.draw()
    boxes = []
    for text in shown.values():
        box = text.get_window_extent(drawn.canvas.get_renderer())
        if text.get_visible() and text.get_text().strip() and box.width > 1:
            assert text.get_fontsize() >= 6, text
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


def test_roc_area_is_the_chance_that_an_input_in_scope_scores_higher():
    rng = np.random.default_rng(0)
    inside, outside = rng.integers(0, 20, 60) / 20, rng.integers(0, 12, 80) / 20
    pairs = (inside[:, None] > outside[None]) + 0.5 * (inside[:, None] == outside[None])
    false, true, area = roc(inside, outside)
    assert area == pytest.approx(pairs.mean())
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert roc(np.ones(3), np.zeros(4))[2] == 1.0


def test_threshold_decides_between_the_two_values():
    frame = pd.DataFrame({"beta": [0.2, 0.5, 0.9], "value_routed": [1.0, 1.0, 0.0], "value_base": [0.0, 0.0, 1.0]})
    assert metric_at(frame, 0.0) == pytest.approx(2 / 3)
    assert metric_at(frame, 0.5) == 0.0  # beta > 0.5, as in the paper
    assert metric_at(frame, 1.0) == pytest.approx(1 / 3)


def test_classical_scaling_recovers_points_of_a_plane():
    points = np.random.default_rng(0).normal(size=(12, 2))
    squares = ((points[:, None] - points[None]) ** 2).sum(-1)
    found = classical_scaling(squares)
    assert np.allclose(((found[:, None] - found[None]) ** 2).sum(-1), squares)


def test_distance_is_the_smallest_over_heads():
    frame = pd.DataFrame({"h0_0": [0.0, 3.0], "h0_1": [0.0, 0.0], "h1_0": [0.0, 1.0], "h1_1": [0.0, 1.0]})
    assert squared_distances(frame) == pytest.approx(np.array([[0.0, 2.0], [2.0, 0.0]]))


def test_every_prediction_falls_into_the_category_that_explains_it():
    rows = [  # scope, value, routed, hit
        ("in", 1.0, 1.0, 1.0, "right"),
        ("in", 1.0, 0.0, 0.0, "lucky"),
        ("in", 0.0, 0.0, 0.0, "missed"),
        ("in", 0.0, 1.0, 0.0, "confused"),
        ("in", 0.0, 1.0, 1.0, "misread"),
        ("out", 0.0, 0.0, np.nan, "right"),
        ("out", 0.0, 1.0, np.nan, "lucky"),
        ("out", 1.0, 1.0, np.nan, "changed"),
    ]
    frame = pd.DataFrame(rows, columns=["scope", "value", "routed", "hit", "expected"])
    assert categories(frame).tolist() == frame["expected"].tolist()


def test_shares_are_complete_and_examples_show_every_category():
    frame = fakes.outcomes("mend")
    frame = frame.assign(category=categories(frame))
    shares = category_shares(frame)
    assert np.allclose(shares.sum(axis=1), 1)
    assert len(shares) == 9
    assert not shares.isna().any().any()
    sampled = sample_examples(frame, 6, seed=1)
    assert set(sampled["category"]) == set(frame["category"])
    assert sampled.index.is_unique
    assert len(sampled) == 6
    assert sampled.index.tolist() == sample_examples(frame, 6, seed=1).index.tolist()


def test_per_kind_grid_holds_the_means_over_seeds():
    results = fakes.results()
    cells = over_seeds(results).query("metric == 'es' and subset not in ('all', 'hard')")
    grid = per_kind_grid(cells)
    expected = results.query("problem == 'qa_hard' and editor == 'lu' and subset == 'implication' and metric == 'es'")[
        "value"
    ].mean()
    assert grid.loc[("qa_hard", "implication"), "lu"] == pytest.approx(expected)
    assert grid.loc["convsent", ["ft", "lu"]].isna().all().all()
    assert grid.loc[["qa", "qa_hard", "fc"]].notna().all().all()


def test_training_numbers_outside_0_and_1_leave_the_score():
    history = pd.DataFrame({"step": [1, 2], "seconds": [1, 2], "loss": [3, 2], "score": [-3.0, -2.0]})
    assert drawn_columns(history) == ["score"]
    assert drawn_columns(history.assign(es=[0.1, 0.9], dd=[0.5, 3.0])) == ["es"]

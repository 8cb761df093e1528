"""What figures compute before they draw: curves, distances, categories and the columns to show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import paper_fakes as fakes
from serac.paper.items.edit_scope import classical_scaling, squared_distances
from serac.paper.items.errors import categories, category_shares, sample_examples
from serac.paper.items.threshold import metric_at, roc
from serac.paper.items.training_curves import drawn_columns


def test_roc_area_is_the_chance_that_an_input_in_scope_scores_higher() -> None:
    rng = np.random.default_rng(0)
    inside, outside = rng.integers(0, 20, 60) / 20, rng.integers(0, 12, 80) / 20
    pairs = (inside[:, None] > outside[None]) + 0.5 * (inside[:, None] == outside[None])
    false, true, area = roc(inside, outside)
    assert area == pytest.approx(pairs.mean())
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert roc(np.ones(3), np.zeros(4))[2] == 1.0


def test_threshold_decides_between_the_two_values() -> None:
    frame = pd.DataFrame({"beta": [0.2, 0.5, 0.9], "value_routed": [1.0, 1.0, 0.0], "value_base": [0.0, 0.0, 1.0]})
    assert metric_at(frame, 0.0) == pytest.approx(2 / 3)
    assert metric_at(frame, 0.5) == 0.0  # beta > 0.5, as in the paper
    assert metric_at(frame, 1.0) == pytest.approx(1 / 3)


def test_classical_scaling_recovers_points_of_a_plane() -> None:
    points = np.random.default_rng(0).normal(size=(12, 2))
    squares = ((points[:, None] - points[None]) ** 2).sum(-1)
    found = classical_scaling(squares)
    assert np.allclose(((found[:, None] - found[None]) ** 2).sum(-1), squares)


def test_distance_is_the_smallest_over_heads() -> None:
    frame = pd.DataFrame({"h0_0": [0.0, 3.0], "h0_1": [0.0, 0.0], "h1_0": [0.0, 1.0], "h1_1": [0.0, 1.0]})
    assert squared_distances(frame) == pytest.approx(np.array([[0.0, 2.0], [2.0, 0.0]]))


def test_every_prediction_falls_into_the_category_that_explains_it() -> None:
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


def test_shares_are_complete_and_examples_show_every_category() -> None:
    frame = fakes.outcomes("mend", k=1)
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


def test_training_numbers_outside_0_and_1_leave_the_score() -> None:
    history = pd.DataFrame({"step": [1, 2], "seconds": [1, 2], "loss": [3, 2], "score": [-3.0, -2.0]})
    assert drawn_columns(history) == ["score"]
    assert drawn_columns(history.assign(es=[0.1, 0.9], dd=[0.5, 3.0])) == ["es"]

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from evaluation_fakes import FalseModel, RoutingEditor, make_examples, make_task
from serac.config.evaluation import BootstrapSettings, EvaluationSettings, TuningSettings
from serac.errors import ConfigError, DivergenceError
from serac.evaluation.aggregate import COLUMNS, OutcomesFile, RepeatedSeedError, aggregate, write_results
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.bootstrap import Resamples
from serac.evaluation.evaluate import evaluate
from serac.evaluation.tune import candidates_of, select, tune

BOOTSTRAP = BootstrapSettings(resamples=500)


def test_interval_equals_a_plain_loop_over_resamples():
    rng = np.random.default_rng(3)
    batches = np.repeat(np.arange(8), rng.integers(1, 9, 8))
    values = rng.random(len(batches))
    resamples = Resamples(8, BOOTSTRAP)
    means = [np.average(values, weights=counts[batches]) for counts in resamples.counts]
    estimate = resamples.mean(batches, values)
    assert estimate.value == pytest.approx(values.mean())
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert estimate.n == len(values)


def test_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    batches = np.repeat(np.arange(40), 10)
    covered = 0
    for _ in range(300):
        values = rng.random(40)[batches] + rng.normal(0, 0.1, 400)  # correlated inside a batch
        estimate = Resamples(40, BOOTSTRAP).mean(batches, values)
        covered += estimate.low <= 0.5 <= estimate.high
    assert 0.90 <= covered / 300 <= 0.98


def test_a_resample_without_rows_does_not_turn_the_interval_into_nan():
    estimate = Resamples(20, BOOTSTRAP).mean(np.array([3, 7]), np.array([0.0, 1.0]))
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_difference_is_of_the_same_resamples():
    batches = np.arange(10)
    values = np.random.default_rng(1).random(10)
    estimate = Resamples(10, BOOTSTRAP).difference(batches, values, batches, values)
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def outcome_files(tmp_path_factory):
    task, base, examples = make_task(), FalseModel(), make_examples()
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8, generate=True)
    settings = EvaluationSettings(edits=40, generated_batches=2)
    folder = tmp_path_factory.mktemp("outcomes")
    files = []
    for seed in (0, 1):  # of training; the evaluation seeds alternate
        path = folder / "fc" / "fake_router" / "k10" / f"seed{seed}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        evaluate(RoutingEditor(base, task), examples, outputs, settings, range(seed, 4, 2), k=10).to_parquet(path)
        files.append(path)
    return files


def test_results_have_the_declared_columns_and_one_row_a_seed(outcome_files):
    results = aggregate("test", map(OutcomesFile.from_path, outcome_files), BOOTSTRAP)
    assert list(results.columns) == COLUMNS
    assert not results.isna().any().any()
    assert not results.duplicated(["problem", "editor", "k", "seed", "metric", "subset"]).any()
    assert set(results["seed"]) == {0, 1, 2, 3}
    overall = results[results["subset"] == "all"].set_index(["seed", "metric"])["value"]
    assert overall[0, "es"] == overall[0, "es_generated"] == 0.5  # the fake calls every in-scope text true
    assert overall[0, "dd"] == overall[0, "router_false"] == 0.0
    assert overall[0, "es_minus_dd"] == 0.5
    assert overall[0, "router_hit"] == 1.0
    kinds = results[results["metric"] == "es"].query("seed == 0").set_index("subset")
    assert kinds.loc["refutes", "value"] == kinds.loc["hard", "value"] == 0.0
    assert kinds.loc["supports", "value"] == 1.0
    assert kinds.loc["supports", "n"] == 40


def test_results_are_byte_identical_whatever_the_order_of_files(outcome_files, tmp_path):
    for name, files in (("a", outcome_files), ("b", outcome_files[::-1])):
        write_results(aggregate("test", map(OutcomesFile.from_path, files), BOOTSTRAP), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_same_seed_of_two_trainings_is_refused(outcome_files):
    with pytest.raises(RepeatedSeedError, match="problem fc, editor fake_router, k 10, seed 0"):
        aggregate("test", [OutcomesFile.from_path(path) for path in outcome_files[:1] * 2], BOOTSTRAP)


def test_tuning_tries_all_candidates_and_keeps_the_best():
    task, base, examples = make_task(), FalseModel(), make_examples()
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8)
    settings = TuningSettings(
        edits=40, candidates={"fake_router": ({"bias": 0.9}, {"bias": -0.9}, {"bias": 0.0}, {"bias": 0.1})}
    )
    editor = RoutingEditor(base, task)
    result = tune(editor, examples, outputs, settings, k=10, batch_size=8)
    numbers = [(entry["es"], entry["dd"], entry["es_minus_dd"]) for entry in result["candidates"]]
    assert numbers == [(0.5, 1.0, -0.5), (0.5, 0.0, 0.5), (0.5, 0.0, 0.5), (0.5, 0.0, 0.5)]
    assert result["best"] == {"bias": -0.9}  # never routes, yet "refutes" is right: a tie, and the earliest wins


def test_a_candidate_that_diverges_is_never_chosen(monkeypatch):
    task, base, examples = make_task(), FalseModel(), make_examples()
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8)
    editor, edit = RoutingEditor(base, task), RoutingEditor.edit

    def diverge(editor, edits):
        if editor.hyperparameters["bias"] > 0:
            raise DivergenceError("the loss is nan")
        return edit(editor, edits)

    monkeypatch.setattr(RoutingEditor, "edit", diverge)
    settings = TuningSettings(edits=20, candidates={"fake_router": ({"bias": 0.9}, {"bias": -0.9})})
    result = tune(editor, examples, outputs, settings, k=10, batch_size=8)
    assert [entry["es_minus_dd"] for entry in result["candidates"]] == [-math.inf, 0.5]
    assert result["best"] == {"bias": -0.9}
    hopeless = TuningSettings(edits=20, candidates={"fake_router": ({"bias": 0.9},)})
    with pytest.raises(DivergenceError, match="all 1 candidates of the editor 'fake_router' diverge"):
        tune(editor, examples, outputs, hopeless, k=10, batch_size=8)


def test_ties_go_to_the_smaller_drawdown_then_the_earlier_candidate():
    def entry(name: str, es: float, dd: float) -> dict:
        return {"choice": {"name": name}, "es": es, "dd": dd, "es_minus_dd": es - dd}

    tried = [entry("a", 0.8, 0.3), entry("b", 0.6, 0.1), entry("c", 0.6, 0.1), entry("d", 0.5, 0.2)]
    assert select(tried) == {"name": "b"}
    assert select([*tried, entry("e", 0.9, 0.3)]) == {"name": "e"}


def test_unequal_effort_and_unknown_editors_are_refused():
    with pytest.raises(ValidationError, match="same number of candidates"):
        TuningSettings(candidates={"a": ({"x": 1},), "b": ({"x": 1}, {"x": 2})})
    with pytest.raises(ConfigError, match="mend"):
        candidates_of(TuningSettings(candidates={"a": ({"x": 1},)}), "mend")

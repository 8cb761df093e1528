from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation_fakes import FalseModel, RoutingEditor, make_examples, make_task
from serac.config.evaluation import EvaluationSettings
from serac.evaluation import base_outputs
from serac.evaluation.base_outputs import BaseOutputs, MissingBaseOutputError, split_scopes
from serac.evaluation.scoring import COLUMNS, evaluate
from serac.records import Query
from tiny_models import Tiny

SETTINGS = EvaluationSettings(edits=40, batch_size=7, generated_batches=1, least_batches=1)


@pytest.fixture(scope="module")
def world() -> Any:
    task, base, examples = make_task(), FalseModel(), make_examples()
    outputs = BaseOutputs.predict(base, task, examples, batch_size=8, generate=True)
    return task, base, examples, outputs


def outcomes(world: Any, settings: Any = SETTINGS, **hyperparameters: Any) -> pd.DataFrame:
    task, base, examples, outputs = world
    return evaluate(RoutingEditor(base, task, **hyperparameters), examples, outputs, settings, (0, 1), k=10)


def test_columns_and_counts_are_the_declared_ones(world: Any) -> None:
    frame = outcomes(world)
    assert list(frame.columns) == list(COLUMNS)
    assert frame.groupby("seed")["batch"].nunique().to_dict() == {0: 4, 1: 4}
    assert (frame["scope"] == "in").sum() == 2 * 40 * 2
    assert not frame.drop(columns=["generated", "hit"]).isna().any().any()


def test_values_follow_from_the_fake_router(world: Any) -> None:
    frame = outcomes(world)
    inside, outside = frame[frame["scope"] == "in"], frame[frame["scope"] == "out"]
    assert (inside["value"] == (inside["label"] == "1")).all()  # every in-scope text is called true
    assert (inside["hit"] == 1).all()
    assert (outside["value"] == 0).all()  # inputs about edited subjects are left out
    assert (outside["routed"] == 0).all()
    assert outside["hit"].isna().all()
    assert set(inside["edited_output"]) == {"1"}
    assert set(inside["base_output"]) == {"0"}


def test_routing_everything_costs_drawdown_and_hits_only_own_edits(world: Any) -> None:
    frame = outcomes(world, bias=0.9)
    outside = frame[frame["scope"] == "out"]
    assert (outside["value"] == 1).all()
    assert np.allclose(outside["beta"], 1.0)


def test_batch_size_changes_nothing(world: Any) -> None:
    one = outcomes(world, SETTINGS.model_copy(update={"batch_size": 1}))
    pd.testing.assert_frame_equal(one, outcomes(world, SETTINGS.model_copy(update={"batch_size": 33})))


def test_generation_is_scored_in_the_first_batches_alone(world: Any) -> None:
    frame = outcomes(world)
    generated = frame["batch"] < 1
    assert (frame.loc[generated, "generated"] == frame.loc[generated, "value"]).all()
    assert frame.loc[~generated, "generated"].isna().all()


def test_base_outputs_survive_the_disk_and_know_what_they_lack(world: Any, tmp_path: Path) -> None:
    _, _, examples, outputs = world
    outputs.save(tmp_path / "base.safetensors")
    loaded = BaseOutputs.load(tmp_path / "base.safetensors")
    for _, queries in split_scopes(examples):
        for one, other in zip(outputs.outputs(queries), loaded.outputs(queries), strict=True):
            assert one.keys() == other.keys()
            assert all(torch.equal(one[name], other[name]) for name in one)
        assert loaded.texts(queries) == outputs.texts(queries)
    with pytest.raises(MissingBaseOutputError, match="never asked"):
        loaded.outputs([Query("never asked", "1", "random")])


def test_outputs_that_wait_on_disk_are_the_same_file(
    tiny_blender: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_outputs, "_CHUNK", 7)
    asked: Any = {"batch_size": 4, "generate": True}
    in_memory = BaseOutputs.predict(tiny_blender.model, tiny_blender.task, tiny_blender.examples, **asked)
    on_disk = BaseOutputs.predict(
        tiny_blender.model, tiny_blender.task, tiny_blender.examples, scratch=tmp_path, **asked
    )
    assert not list(tmp_path.iterdir())
    assert "/.base_outputs-" in Path("/proc/self/maps").read_text()
    in_memory.save(tmp_path / "memory.safetensors")
    on_disk.save(tmp_path / "disk.safetensors")
    assert (tmp_path / "memory.safetensors").read_bytes() == (tmp_path / "disk.safetensors").read_bytes()


def test_each_query_reaches_the_base_model_once() -> None:
    task, base, examples = make_task(), FalseModel(), make_examples(10)
    queries = [query for _, part in split_scopes(examples) for query in part]
    assert len({(query.input, query.label) for query in queries}) == len(queries)
    BaseOutputs.predict(base, task, examples, batch_size=1)
    assert base.calls == len(queries)


def test_settings_keep_batches_for_large_k() -> None:
    settings = EvaluationSettings(edits=100, least_batches=4)
    assert (settings.batches(1), settings.batches(25), settings.batches(75)) == (100, 4, 4)
    assert settings.batches(10) == 10

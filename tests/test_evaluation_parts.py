from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import serac_parts
from evaluation_fakes import FalseModel, RoutingEditor, make_examples, make_task
from serac.config.evaluation import CostSettings, EvaluationSettings
from serac.config.serac import RoutingSettings
from serac.editors.serac.editor import SeracEmbed
from serac.errors import ConfigError
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.choices import evaluate_choices
from serac.evaluation.components import component_outcomes
from serac.evaluation.cost import measure_cost, module_bytes, peak_allocation
from serac.evaluation.embedding_space import embedding_space
from serac.evaluation.scoring import evaluate
from serac.evaluation.threshold import threshold_outcomes
from serac.records import Query
from spies import noting
from tiny_models import Tiny

SETTINGS = EvaluationSettings(edits=6, batch_size=4, least_batches=1)


def serac(tiny: Tiny, **routing: Any) -> SeracEmbed:
    return SeracEmbed(
        tiny.model,
        tiny.task,
        classifier=serac_parts.embed(),
        counterfactual=serac_parts.counterfactual(tiny),
        routing=RoutingSettings(**routing),
    )


def test_every_kind_of_model_is_evaluated(tiny: Tiny) -> None:
    outputs = BaseOutputs.predict(tiny.model, tiny.task, tiny.examples, batch_size=4, generate=True)
    frame = evaluate(
        serac(tiny), tiny.examples, outputs, SETTINGS.model_copy(update={"generated_batches": 2}), [0], k=3
    )
    assert set(frame["scope"]) == {"in", "out"}
    assert frame[["value", "beta", "routed"]].notna().all().all()
    assert frame["generated"].notna().all() == tiny.task.exact_answers
    assert frame["generated"].isna().all() != tiny.task.exact_answers


def test_component_accuracy_is_that_of_each_pair_alone(tiny_t5: Tiny) -> None:
    editor = serac(tiny_t5)
    frame = component_outcomes(editor.classifier, editor.counterfactual, tiny_t5.examples, tiny_t5.task, batch_size=4)
    assert list(frame.columns) == ["component", "edit_id", "scope", "hard", "value"]
    pairs = [(example, query, "in") for example in tiny_t5.examples for query in example.in_scope]
    pairs += [(example, query, "out") for example in tiny_t5.examples for query in example.out_of_scope]
    g = [
        math.exp(editor.classifier.pair_log_similarity([(example.edit, query.input)]).item())
        for example, query, _ in pairs
    ]
    expected = [float((value > 0.5) == (scope == "in")) for value, (_, _, scope) in zip(g, pairs, strict=True)]
    found = frame[frame["component"] == "scope_classifier"]
    assert found["value"].tolist() == expected
    assert 0 < np.mean(expected) < 1
    assert found["hard"].tolist() == [query.hard for _, query, _ in pairs]
    assert (frame["component"] == "counterfactual").sum() == len(pairs)


def test_counterfactual_accuracy_counts_right_answers() -> Any:
    class Says:
        """Says "1" to everything."""

        def correct(self, edits: Any, queries: Any, batch_size: int) -> Any:
            return torch.tensor([query.label == "1" for query in queries])

    class Classifier:
        def score_pairs(self, pairs: Any) -> Any:
            return torch.tensor([0.0 if edit.input.split()[0] == text.split()[0] else -9.0 for edit, text in pairs])

    frame = component_outcomes(Classifier(), Says(), make_examples(), make_task(), batch_size=8)
    means = frame.groupby(["component", "scope"])["value"].mean()
    assert means["scope_classifier"].tolist() == [1.0, 1.0]
    assert means["counterfactual", "in"] == 0.5  # "supports" is true, "refutes" is not
    assert means["counterfactual", "out"] == 0.0


def test_threshold_outcomes_tell_what_any_threshold_gives(tiny_bert: Tiny) -> None:
    outputs = BaseOutputs.predict(tiny_bert.model, tiny_bert.task, tiny_bert.examples, batch_size=4)
    frame = threshold_outcomes(serac(tiny_bert), tiny_bert.examples, outputs, SETTINGS, [0, 1], k=3)
    cut = float(frame["beta"].median())
    expected = evaluate(serac(tiny_bert, threshold=cut), tiny_bert.examples, outputs, SETTINGS, [0, 1], k=3)
    values = frame["value_routed"].where(frame["beta"] > cut, frame["value_base"])
    assert values.tolist() == expected["value"].tolist()
    assert 0 < (frame["beta"] > cut).mean() < 1
    assert (frame.loc[frame["scope"] == "out", "value_base"] == 0).all()


def test_choices_that_differ_in_the_threshold_share_a_pass(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = BaseOutputs.predict(tiny.model, tiny.task, tiny.examples, batch_size=4, generate=True)
    settings = SETTINGS.model_copy(update={"generated_batches": 1})
    editor, arguments = serac(tiny), (tiny.examples, outputs, settings, [0, 1])
    betas = evaluate(editor, *arguments, k=3)["beta"]
    thresholds = [0.0, *betas.quantile([0.3, 0.5, 0.7]).tolist(), float(betas.max()), 1.0]
    choices: list[dict[str, Any]] = [
        *({"threshold": value} for value in thresholds),
        {"threshold": 0.5, "mode": "soft"},
    ]
    separate = [evaluate(editor.tuned(**choice), *arguments, k=3) for choice in choices]
    passes = []
    edit = SeracEmbed.edit
    monkeypatch.setattr(SeracEmbed, "edit", noting(lambda self, edits: passes.append(self.routing), edit))
    together: Any = evaluate_choices(editor, choices, *arguments, k=3)
    assert [(routing.mode, routing.threshold) for routing in passes] == [("hard", 0.0)] * 4 + [("soft", 0.5)] * 4
    for one, other in zip(separate, together, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-6)
    assert len({frame["routed"].sum() for frame in together}) > 3


def test_a_threshold_needs_an_editor_that_routes(tiny_bert: Tiny) -> None:
    outputs = BaseOutputs.predict(tiny_bert.model, tiny_bert.task, tiny_bert.examples, batch_size=4)
    with pytest.raises(ConfigError, match="'serac_embed' has no routing threshold"):
        threshold_outcomes(serac(tiny_bert, mode="soft"), tiny_bert.examples, outputs, SETTINGS, [0], k=3)


def test_embedding_space_holds_the_classifiers_own_distances(tiny_t5: Tiny) -> None:
    classifier = serac_parts.embed(heads=2)
    frame = embedding_space(classifier, tiny_t5.examples, tiny_t5.task, edits=3, inputs=2, seed=0)
    assert frame["edit"].nunique() == 3
    assert set(zip(frame["role"], frame["hard"], strict=True)) >= {("edit", False), ("in", False), ("in", True)}
    assert (frame["role"] == "edit").sum() == 3
    vectors = frame.filter(regex=r"^h\d").to_numpy(dtype=float).reshape(len(frame), 2, -1)
    row = frame.index[(frame["role"] == "in") & (frame["edit"] == 1)][0]
    own = frame.index[(frame["role"] == "edit") & (frame["edit"] == 1)][0]
    square = ((vectors[row] - vectors[own]) ** 2).sum(-1).min()
    assert frame.loc[row, "similarity"] == pytest.approx(math.exp(-classifier.settings.scale * square), rel=1e-4)
    pd.testing.assert_frame_equal(
        frame, embedding_space(classifier, tiny_t5.examples, tiny_t5.task, edits=3, inputs=2, seed=0)
    )


def test_peak_allocation_counts_what_is_held_at_one_time() -> Any:
    def run() -> torch.Tensor:
        first = torch.zeros(1000)
        second = torch.zeros(2000)
        del first
        return second + torch.zeros(2000)

    assert 4 * 6000 <= peak_allocation(run) <= 4 * 6000 + 1024


def test_module_bytes_count_shared_tensors_once() -> None:
    layer = nn.Linear(10, 10, bias=False)
    assert module_bytes(nn.ModuleList([layer, layer])) == 400


def test_cost_of_editing_is_seen_in_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> Any:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("serac.evaluation.cost.time", SimpleNamespace(perf_counter=lambda: clock.now))

    class Timed(FalseModel):
        """A model whose pass takes a known time on the clock."""

        def __init__(self, seconds: float) -> None:
            super().__init__()
            self.seconds = seconds

        def forward(self, input_ids: Any, **batch: Any) -> Any:
            clock.now += self.seconds
            torch.ones(300, 300) @ torch.ones(300, 300)
            return super().forward(input_ids, **batch)

    class Costly(RoutingEditor):
        def edit(self, edits: Any) -> Any:
            edited = super().edit(edits)
            edited.register_buffer("weights", torch.zeros(5000))
            edited.base = Timed(0.5)
            return edited

    task = make_task()
    examples = make_examples()
    queries = [Query(f"subject{i} is old", "0", "x") for i in range(60)]
    settings = CostSettings(edits=5, batch_size=4, warmup=1, repeats=7)
    cost = measure_cost(Costly(Timed(0.125), task), [example.edit for example in examples], queries, settings)
    assert (cost["edited_seconds"], cost["base_seconds"], cost["ratio"]) == (0.5, 0.125, 4)
    assert cost["base_bytes"] >= 4 * 3 * 300 * 300
    assert 4 * 5000 <= cost["edited_bytes"] - cost["base_bytes"] <= 4 * 5000 + 4096
    assert (cost["edits"], cost["batch"], cost["repeats"], cost["device"]) == (5, 4, 7, "cpu")

"""The benchmark programs run, and the plain reference's way computes what SERAC computes."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

import serac_parts
from serac.config.serac import RoutingSettings
from tiny_models import Tiny

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import memory_scaling
from reference_way import ReferenceWay


@pytest.mark.parametrize("kind", serac_parts.KINDS)
def test_reference_way_is_serac(tiny_t5: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny_t5, kind, half=False)
    model.settings = RoutingSettings(threshold=serac_parts.middle(model, tiny_t5))
    edits, threshold = tiny_t5.edits[:4], model.settings.threshold
    plain = ReferenceWay(model.base, model.task, model.classifier, model.counterfactual, edits, threshold)
    batch = tiny_t5.task.encode_queries(tiny_t5.queries)
    torch.testing.assert_close(plain(**batch), model(**batch).logits, atol=1e-5, rtol=1e-5)
    assert 0 < model.routing()["routed"].sum() < len(tiny_t5.queries)


def test_memory_scaling_measures_every_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = ["--base", "miniature", "--counterfactual", "miniature", "--encoder", "miniature"]
    sizes = ["--sizes", "1", "12", "--batch-sizes", "2", "--repeats", "1", "--reference-limit", "20"]
    monkeypatch.setattr(sys, "argv", ["memory_scaling", *small, *sizes, "--out", str(tmp_path / "scaling.csv")])
    monkeypatch.setattr(memory_scaling, "ENCODED", 6)
    memory_scaling.main()
    table = pd.read_csv(tmp_path / "scaling.csv")
    assert table[["kind", "edits"]].values.tolist() == [["embed", 1], ["embed", 12], ["cross", 1], ["cross", 12]]
    assert table["reference_ms"].notna().tolist() == [True, True, True, False]
    assert (table[["base_ms", "encoder_ms", "serac_ms", "peak_mb", "save_s", "load_s"]] > 0).all().all()

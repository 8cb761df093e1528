"""Routing of real text: what an edit is made of, which threshold is chosen, and what the curve counts."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from serac.editors.training_batches import draw_batch
from serac.evaluation.routing_curve import choose_threshold, routing_curve
from serac.paper.items.real_text import real_text_table
from serac.paper.tables import write_table
from serac.problems.paraphrases import ParaphraseSettings, prepare
from serac.records import Edit, EditExample, Query


def embed(texts: list[str]) -> np.ndarray:
    """Texts about places lie apart from texts about people."""
    return np.array([[1.0, 0.0] if text.startswith("Where") else [0.0, 1.0] for text in texts])


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "paraphrases"
    folder.mkdir()
    records = [
        {
            "input": f"{word} {'is' if word == 'Where' else 'made'} thing {n}?",
            "subject": f"thing {n // 2}",
            "alternatives": ["Bern"],
            "filtered_rephrases": [f"- In what place is thing {n}?"],
            "output": [{"answer": "Rome"}],
            "nq": [f"who won in {n}?"],
            "statements": ["It is Oslo.", "It is Rome.", "Is it Oslo?", "Is it Rome?"],
        }
        for n, word in enumerate(["Where", "Who"] * 20)
    ]
    (folder / "zsre_1000.jsonl").write_text("\n".join(map(json.dumps, records)))
    return tmp_path


def test_subjects_never_cross_splits_and_neighbours_are_of_other_subjects(raw: Path) -> None:
    splits = prepare(raw, ParaphraseSettings(neighbours=3), embed, 0)
    groups = [{example.group for example in split} for split in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 20
    for example in splits.train:
        assert [query.kind for query in example.in_scope] == ["main", "rephrase", *["statement"] * 2, *["yes_no"] * 2]
        near = [query for query in example.out_of_scope if query.kind == "neighbour"]
        assert len(near) == 3
        assert all(query.about != example.group and query.hard for query in near)
        assert all(query.input[:3] == example.edit.input[:3] for query in near)


def test_a_share_of_a_batch_are_neighbours_of_its_first_edit(raw: Path) -> None:
    train = prepare(raw, ParaphraseSettings(neighbours=8), embed, 0).train
    for seed in range(20):
        batch = draw_batch(random.Random(seed), train, 8, 0.5, neighbours=0.5)
        words = [edit.input.split()[0] for edit in batch.edits]
        assert len({edit.input for edit in batch.edits}) == 8
        assert words.count(words[0]) >= 4


class Letters:
    """A classifier for which an input belongs to the edit of the same first letter."""

    def entry(self, edit: Edit) -> str:
        return str(edit.input)

    def vectors(self, texts: list[str]) -> torch.Tensor:
        return torch.tensor([[float(ord(text[0]))] for text in texts])

    def score_pairs(self, pairs: list[tuple[Edit, str]]) -> torch.Tensor:
        return torch.tensor([-abs(float(ord(edit.input[0]) - ord(text[0]))) for edit, text in pairs])


def example(letter: str, paraphrase: str) -> EditExample:
    outside = (Query("~", "", "nq"),)
    return EditExample(letter, letter, Edit(letter, ""), (Query(paraphrase, "", "rephrase"),), outside)


def test_the_curve_counts_right_routes_and_false_alarms(tmp_path: Path) -> None:
    test = [example("a", "a"), example("e", "f"), example("i", "a")]
    letters: Any = Letters()
    curve = routing_curve(letters, test, [example("y", "y")], (1, 3, 4), threshold=-0.5)
    rows = curve.set_index(["k", "kind"])
    assert list(rows.loc[(1, "rephrase"), ["inputs", "right", "false_alarms"]]) == [3, pytest.approx(1 / 3), 0]
    assert rows.loc[(3, "rephrase"), "false_alarms"] == pytest.approx(1 / 3)  # "a" about i meets the entry a
    assert rows.loc[(4, "nq"), "inputs"] == 3
    write_table(real_text_table(curve.assign(about="letters", training=0)), [tmp_path / "t.csv", tmp_path / "t.md"])
    assert "| letters | 3 | 0.333 / 0.333 | 0.000 | 0.000 |" in (tmp_path / "t.md").read_text()


def test_the_threshold_keeps_false_alarms_at_their_share() -> None:
    foreign = -np.arange(1000) / 100
    scores = pd.DataFrame({"kind": "rephrase", "own": 0.0, "foreign": foreign})
    threshold = choose_threshold(scores, 0.005)
    assert (foreign > threshold).mean() <= 0.005

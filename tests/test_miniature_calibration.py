"""How hard routing is in a world, on records whose answer is known, and the name rule on the generated world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raw_world import SPLITS
from serac.sources.miniature.calibration import calibrate, read_records


def record(subject: str, rephrase: str) -> dict[str, Any]:
    return {
        "input": f"Who leads {subject}?",
        "subject": subject,
        "alternatives": ["A"],
        "filtered_rephrases": [rephrase],
        "output": [{"answer": "B"}],
    }


def embed(texts: list[str]) -> np.ndarray:
    """One direction for each of ten letters; a text points to the first one that it holds, or to none."""
    return np.array([[float(text.find(letter) >= 0) for letter in "abcdefghij"] for text in texts])


def test_paraphrases_are_routed_by_what_they_share_with_their_edit(tmp_path: Path) -> None:
    records = [record(letter * 3, f"X of {letter * 3} {'' if letter != 'j' else 'c'}?") for letter in "bcfgj"]
    for one in records:
        one["input"] = one["subject"]
    (found,) = calibrate(records, ["QQ"], embed, [10], threshold=0.5)
    assert found.edits == 4
    assert found.named == 1.0
    assert found.questions == 0.0
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in [*records, records[0]]))
    assert read_records([file]) == records


def test_the_best_threshold_parts_the_held_out_records() -> None:
    records = [record(f"S{number}", f"S{number}?") for number in range(50)]

    def distinct(texts: list[str]) -> np.ndarray:
        vectors = np.full((len(texts), 60), 0.05)
        for row, text in enumerate(texts):
            name = next((word.strip("?") for word in text.split() if word.strip("?")[1:].isdecimal()), None)
            vectors[row, int(name[1:]) if name else 55] = 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    (found,) = calibrate(records, ["general"], distinct, [100])
    assert (found.edits, found.paraphrases, found.others, found.questions) == (40, 1.0, 0.0, 0.0)
    assert 0.1 < found.threshold < 1.0


def test_the_name_rule_holds_for_nearly_all_generated_records(world: Path) -> None:
    files = [world / "zsre" / f"structured_zeroshot-{split}-new_annotated_final.jsonl" for split in SPLITS]
    records = read_records(files)
    rng = np.random.default_rng(0)
    (found,) = calibrate(records, ["?"], lambda texts: rng.standard_normal((len(texts), 8)), [900])
    assert found.named == pytest.approx(1.0, abs=0.03)
    assert found.named_others < 0.03

"""The generated ConvSent, dialogue and NQ files: disjoint splits, wide wording, mixed sentiments."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from raw_world import lines
from serac.sources.miniature import convsent
from serac.sources.miniature.convsent_words import SENTIMENTS


def test_convsent_topics_are_disjoint_and_complete(world: Path) -> None:
    topics: list[str] = []
    for file, count in (("train", 200), ("val", 40), ("test", 80)):
        records = json.loads((world / "convsent" / f"blender_{file}.json").read_text())
        assert len(records) == count
        topics += [record["ent"] for record in records]
        for record in records:
            assert len(set(record["pos"])) == len(set(record["neg"])) == 10
            assert not set(record["pos"]) & set(record["neg"])
            for text in record["pos"] + record["neg"]:
                assert 4 <= len(text.replace(",", "").split()) <= 12
                assert not re.search(r"[/{}A-Z]", text)
    assert len(set(topics)) == len(topics)


def test_sentiments_have_wide_wording_and_shared_words() -> None:
    positive, negative = SENTIMENTS["positive"], SENTIMENTS["negative"]
    assert len(set(positive.adjectives)) >= 40
    assert len(set(negative.adjectives)) >= 40
    assert not set(positive.adjectives) & set(negative.adjectives)
    rng, topic = random.Random(0), convsent.Topic("city parks", plural=True)
    used = {
        sentiment: [set(convsent.completion(rng, topic, sentiment).split()) for _ in range(400)]
        for sentiment in SENTIMENTS
    }
    assert len(set.union(*used["positive"]) & set.union(*used["negative"])) >= 40
    for texts in used.values():
        assert all(sum(word in text for text in texts) < 0.95 * len(texts) for word in set.union(*texts) - {","})


def test_dialogue_mixes_sentiments_of_topics_of_all_splits(world: Path) -> None:
    pairs = lines(world / "dialogue" / "train.jsonl")
    assert len(pairs) == 6000
    assert len(lines(world / "dialogue" / "validation.jsonl")) == 600
    questions = " ".join(pair["input"] for pair in pairs)
    for file in ("train", "val", "test"):
        for record in json.loads((world / "convsent" / f"blender_{file}.json").read_text()):
            assert record["ent"] in questions

    def mentions(side: str) -> int:
        return sum(bool(set(SENTIMENTS[side].adjectives) & set(pair["label"].split())) for pair in pairs)

    assert 0.85 < mentions("positive") / mentions("negative") < 1.15


def test_nq_questions_are_disjoint(world: Path) -> None:
    train, validation = (json.loads((world / "nq" / f"{name}.json").read_text()) for name in ("train", "validation"))
    assert len(train["questions"]) == len(train["answers"]) == 300
    assert len(validation["questions"]) == len(validation["answers"]) == 100
    assert len(set(train["questions"] + validation["questions"])) == 400
    assert all(answers and all(answers) for answers in train["answers"] + validation["answers"])

"""ConvSent sampled from a dialogue model: topics, what is kept, resumption, and the rules with tiny random models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
import yaml
from tokenizers import AddedToken
from tokenizers.implementations.byte_level_bpe import ByteLevelBPETokenizer
from transformers import (
    BlenderbotConfig,
    BlenderbotForConditionalGeneration,
    BlenderbotTokenizer,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaTokenizer,
)

from serac.config.sources import SamplingSettings
from serac.errors import ConfigError
from serac.problems.convsent import TEMPLATES, read_topics
from serac.sources.rebuilt.opinions import ModelSpeaker, gather, sample_topic, sample_topics
from serac.sources.rebuilt.topics import choose_topics
from snakemake_runs import snakemake

QUESTIONS = "structured_zeroshot-train-new_annotated_final.jsonl"
SPECIAL: list[str | AddedToken] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SETTINGS = SamplingSettings(generator="speaker", classifier="judge", completions=3, tries=12, confidence=0.9)


class Echo:
    """Answers with a number of its own; topics with a ``x`` have nothing negative, every fifth answer is unclear."""

    def __init__(self, patience: int = 10**6) -> None:
        self.patience, self.asked = patience, [""]

    def say(self, prompts: Sequence[str], seed: int) -> list[str]:
        self.patience -= 1
        if self.patience < 0:
            raise KeyboardInterrupt
        self.asked += prompts
        return [f"{prompt} {seed % 7}-{n}" if n else "" for n, prompt in enumerate(prompts)]

    def positive(self, texts: Sequence[str]) -> list[float]:
        return [0.7 if text.endswith("4") else 0.95 if "positive" in text or "x" in text else 0.05 for text in texts]


def records(folder: Path, subjects: Sequence[str]) -> Path:
    path = folder / QUESTIONS
    lines = [{"input": f"Who made {subject}?", "output": [{"answer": "Mia"}]} for subject in subjects]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_topics_are_subjects_and_phrases_and_no_topic_is_in_two_files(tmp_path: Path) -> None:
    path = records(tmp_path, ["Blue Hour", "blue hour", "Apollo 11", *(f"Song {name}" for name in "ABCDEFGH")])
    parts, report = choose_topics(path, ["long walks"], {"train": 6, "val": 2, "test": 1}, 0)
    assert [len(topics) for topics in parts.values()] == [6, 2, 1]
    chosen = [topic for topics in parts.values() for topic in topics]
    assert len(set(chosen)) == 9
    assert "long walks" in chosen
    assert (report["questions"], report["repeated"], report["number or too long"]) == (11, 1, 1)
    with pytest.raises(ConfigError, match=r"11 topics are requested, but .* hold 10"):
        choose_topics(path, ["long walks"], {"train": 9, "val": 1, "test": 1}, 0)


def test_completions_are_kept_where_the_classifier_agrees() -> None:
    speaker = Echo()
    found = sample_topic("tea", TEMPLATES, speaker, SETTINGS)
    assert [len(found[key]) for key in ("pos", "neg")] == [3, 3]
    assert all("positive" in text for text in found["pos"])
    assert set(found["dropped"]) == {"blank"}
    assert {prompt.split("?")[0] for prompt in speaker.asked[1:]} <= {t.replace("{}", "tea")[:-1] for t in TEMPLATES}
    lacking = sample_topic("xylophones", TEMPLATES, Echo(), SETTINGS.model_copy(update={"completions": 4}))
    assert (len(lacking["pos"]), lacking["neg"]) == (4, [])
    assert lacking["sampled"] == 6 + SETTINGS.tries
    assert lacking["dropped"] == {"blank": 3, "not sure": 1, "other sentiment": 10}


def test_a_killed_job_goes_on_where_it_was(tmp_path: Path) -> None:
    topics = ["tea", "coffee", "rain", "xylophones"]
    sample_topics(topics, TEMPLATES, Echo(), SETTINGS, tmp_path / "whole.jsonl")
    broken = tmp_path / "broken.jsonl"
    with pytest.raises(KeyboardInterrupt):
        sample_topics(topics, TEMPLATES, Echo(patience=5), SETTINGS, broken)
    kept = broken.read_bytes()
    assert 0 < kept.count(b"\n") < len(topics)
    broken.write_bytes(kept + b'{"ent": "rain", "po')  # cut in the middle of a line
    sample_topics(topics, TEMPLATES, Echo(), SETTINGS, broken)
    assert broken.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    gather([broken], tmp_path / "blender_val.json", tmp_path / "report.json")
    assert [topic.ent for topic in read_topics(tmp_path / "blender_val.json")] == topics[:3]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["dropped_topics"] == [{"ent": "xylophones", "reason": "no negative completion"}]
    assert report["completions"] == {"pos": 9, "neg": 9}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BlenderBot and a RoBERTa of few units, as the hub has them."""
    root = tmp_path_factory.mktemp("models")
    trainer = ByteLevelBPETokenizer()
    trainer.train_from_iterator(iter([*TEMPLATES, "Tell me a positive opinion."]), 400, special_tokens=SPECIAL)
    for name, reader in (("speaker", BlenderbotTokenizer), ("judge", RobertaTokenizer)):
        (root / name).mkdir()
        trainer.save_model(str(root / name))
        reader.from_pretrained(root / name).save_pretrained(root / name)
    torch.manual_seed(0)
    words = trainer.get_vocab_size()
    dialogue = BlenderbotConfig(
        vocab_size=words, d_model=16, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=128,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=0, forced_eos_token_id=2,
    )  # fmt: skip
    BlenderbotForConditionalGeneration(dialogue).save_pretrained(root / "speaker")
    sentiment = RobertaConfig(
        vocab_size=words, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=300, initializer_range=1.0, id2label={0: "NEGATIVE", 1: "POSITIVE"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1},
    )  # fmt: skip
    judge = RobertaForSequenceClassification(sentiment)
    judge.save_pretrained(root / "judge")
    speaker = ModelSpeaker(root / "speaker", root / "judge", SETTINGS, "cpu")
    positive = torch.tensor(speaker.positive(speaker.say(["What do you think of tea?"] * 32, 0))).logit().median()
    with torch.no_grad():
        judge.classifier.out_proj.bias[1] -= positive  # half of what the speaker says is positive
    judge.save_pretrained(root / "judge")
    return root


def test_models_say_the_same_for_the_same_seed(models: Path) -> None:
    speaker = ModelSpeaker(models / "speaker", models / "judge", SETTINGS, "cpu")
    prompts = ["What do you think of tea?"] * 4
    said = speaker.say(prompts, 1)
    assert said == speaker.say(prompts, 1) != speaker.say(prompts, 2)
    assert all(0 <= value <= 1 for value in speaker.positive(said))
    config = json.loads((models / "judge/config.json").read_text())
    config["id2label"] = {"0": "LABEL_0", "1": "LABEL_1"}
    odd = models / "odd"
    odd.mkdir()
    for file in (models / "judge").iterdir():
        (odd / file.name).write_bytes(file.read_bytes())
    (odd / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="none of them 'positive'"):
        ModelSpeaker(models / "speaker", odd, SETTINGS, "cpu")


def test_one_key_samples_what_cannot_be_retrieved(models: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    records(tmp_path / "mine", [f"Song {name}" for name in "ABCDEFGH"])
    sampling = {
        "generator": "speaker", "classifier": "judge", "topics": {"train": 3, "val": 3, "test": 2}, "completions": 2,
        "tries": 24, "confidence": 0.5, "longest": 6, "topics_per_job": 2,
    }  # fmt: skip
    overrides = {
        "world": {"name": "sampled"},
        "sources": {
            "zsre": {"origin": "local", "path": str(tmp_path / "mine")},
            "convsent": {"origin": "sample", "sampling": sampling},
        },
        "checkpoints": {name: {"source": "local", "path": str(models / name)} for name in ("speaker", "judge")},
    }
    (tmp_path / "sampled.yaml").write_text(yaml.safe_dump(overrides))
    made = "resources/sampled/raw/convsent"
    run = snakemake(
        tmp_path,
        "--cores",
        "1",
        "--show-failed-logs",
        f"{made}/blender_val.json",
        "--configfile",
        tmp_path / "sampled.yaml",
    )
    assert run.returncode == 0, run.stdout[-4000:]
    report = json.loads((tmp_path / made / "sampled_val.json").read_text())
    assert report["topics"] == 3
    assert report["sampled"] == sum(report["dropped_completions"].values()) + _kept(tmp_path)
    topics = read_topics(tmp_path / made / "blender_val.json")
    assert len(topics) == report["kept"] > 0
    assert all(topic.ent.startswith("Song") and topic.pos and topic.neg for topic in topics)


def _kept(folder: Path) -> int:
    files = sorted((folder / "resources/sampled/opinions").glob("val-*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [file.name for file in files] == ["val-0.jsonl", "val-1.jsonl"]
    return sum(len(row["pos"]) + len(row["neg"]) for row in rows)

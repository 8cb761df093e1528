"""ConvSent from raw: completions sampled from a dialogue model, kept where a sentiment classifier agrees.

The model is asked about a topic by a question template and requested to be positive, or negative; a completion counts
for that sentiment if the classifier finds it there (paper, section 3: BlenderBot-3B; the requests are ours).
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import AutoModelForSeq2SeqLM, AutoModelForSequenceClassification, AutoTokenizer

from serac.config.sources import SENTIMENTS, SamplingSettings, Sentiment
from serac.errors import ConfigError

DROPPED = ("blank", "repeated", "other sentiment", "not sure")
"""Why a completion is dropped: the classifier finds the other sentiment, or is not sure enough of the right one."""


class Speaker(Protocol):
    """Says something about a topic and knows how positive it is."""

    def say(self, prompts: Sequence[str], seed: int) -> list[str]:
        """One completion for each prompt; the same for the same seed."""

    def positive(self, texts: Sequence[str]) -> list[float]:
        """Probability that each text is positive."""


class ModelSpeaker:
    """A dialogue model and a sentiment classifier, from Hugging Face folders."""

    def __init__(self, generator: Path, classifier: Path, settings: SamplingSettings, device: str) -> None:
        """Raises ``ConfigError`` if the classifier has no label that is called positive."""
        precision = torch.bfloat16 if device == "cuda" else torch.float32
        self.settings, self.device = settings, device
        self.tokenizer, self.reader = (AutoTokenizer.from_pretrained(folder) for folder in (generator, classifier))
        self.generator = AutoModelForSeq2SeqLM.from_pretrained(generator, dtype=precision).eval().to(device)
        self.classifier = AutoModelForSequenceClassification.from_pretrained(classifier).eval().to(device)
        labels = {str(label).lower(): number for number, label in self.classifier.config.id2label.items()}
        if "positive" not in labels:
            raise ConfigError(
                f"{classifier} has the labels {', '.join(sorted(labels))}, none of them 'positive'. Hint: "
                "sources.convsent.sampling.classifier must be a sentiment classifier"
            )
        self.label = int(labels["positive"])

    @torch.no_grad()
    def say(self, prompts: Sequence[str], seed: int) -> list[str]:
        """See :class:`Speaker`."""
        torch.manual_seed(seed)
        batch = self.tokenizer(list(prompts), padding=True, truncation=True, max_length=96, return_tensors="pt")
        said = self.generator.generate(
            input_ids=batch.input_ids.to(self.device), attention_mask=batch.attention_mask.to(self.device),
            do_sample=True, num_beams=1, top_k=0, top_p=self.settings.top_p, temperature=self.settings.temperature,
            max_new_tokens=self.settings.longest,
        )  # fmt: skip
        texts: list[str] = self.tokenizer.batch_decode(said, skip_special_tokens=True)
        return [" ".join(text.split()) for text in texts]

    @torch.no_grad()
    def positive(self, texts: Sequence[str]) -> list[float]:
        """See :class:`Speaker`."""
        batch = self.reader(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
        logits = self.classifier(**batch.to(self.device)).logits.float()
        found: list[float] = logits.softmax(dim=1)[:, self.label].tolist()
        return found


def sample_topic(topic: str, templates: Sequence[str], speaker: Speaker, settings: SamplingSettings) -> dict[str, Any]:
    """``{"ent", "pos", "neg", "sampled", "dropped"}``: completions kept, and why the others were not."""
    kept: dict[Sentiment, list[str]] = {sentiment: [] for sentiment in SENTIMENTS}
    dropped: Counter[str] = Counter()
    sampled = 0
    for sentiment, found in kept.items():
        asked = turn = 0
        while len(found) < settings.completions and asked < settings.tries:
            seed = _number(f"{settings.seed}/{topic}/{sentiment}/{turn}")
            size, rng = min(2 * settings.completions, settings.tries - asked), random.Random(seed)
            prompts = [
                f"{rng.choice(templates).replace('{}', topic)} {settings.requests[sentiment]}".strip()
                for _ in range(size)
            ]
            texts = speaker.say(prompts, seed)
            asked, turn = asked + size, turn + 1
            for text, positive in zip(texts, speaker.positive(texts), strict=True):
                agrees = positive if sentiment == "positive" else 1 - positive
                if len(found) == settings.completions:
                    break
                sampled += 1
                if reason := _fault(text, agrees, kept, settings.confidence):
                    dropped[reason] += 1
                else:
                    found.append(text)
    return {
        "ent": topic, "pos": kept["positive"], "neg": kept["negative"], "sampled": sampled, "dropped": dict(dropped)
    }  # fmt: skip


def _fault(text: str, agrees: float, kept: dict[Sentiment, list[str]], confidence: float) -> str | None:
    if not text:
        return "blank"
    if any(text in texts for texts in kept.values()):
        return "repeated"
    return None if agrees >= confidence else "other sentiment" if agrees < 0.5 else "not sure"


def sample_topics(
    topics: Sequence[str], templates: Sequence[str], speaker: Speaker, settings: SamplingSettings, file: Path
) -> None:
    """Write one line for each topic to ``file``, in their order; lines that an interrupted call left are kept."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as out:
        out.seek(0)
        whole = [line for line in out if line.endswith(b"\n")]
        out.truncate(sum(map(len, whole)))
        for topic in topics[len(whole) :]:
            found = sample_topic(topic, templates, speaker, settings)
            out.write(json.dumps(found, ensure_ascii=False).encode() + b"\n")
            out.flush()


def gather(files: Iterable[Path], target: Path, report: Path) -> None:
    """Write sampled topics as a native file, without those that lack a sentiment, and what became of everything."""
    rows = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
    kept = [row for row in rows if row["pos"] and row["neg"]]
    native = [{key: row[key] for key in ("ent", "pos", "neg")} for row in kept]
    target.write_text(json.dumps(native, ensure_ascii=False) + "\n", encoding="utf-8")
    counts = {
        "topics": len(rows),
        "kept": len(kept),
        "sampled": sum(row["sampled"] for row in rows),
        "completions": {key: sum(len(row[key]) for row in kept) for key in ("pos", "neg")},
        "dropped_completions": {why: sum(row["dropped"].get(why, 0) for row in rows) for why in DROPPED},
        "dropped_topics": [
            {"ent": row["ent"], "reason": f"no {'positive' if row['neg'] else 'negative'} completion"}
            for row in rows
            if not (row["pos"] and row["neg"])
        ],
    }
    report.write_text(json.dumps(counts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

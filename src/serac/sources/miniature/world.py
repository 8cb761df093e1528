"""The generated world: every raw file, in the native formats of the paper's sources."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from serac.config.world import WorldSize
from serac.sources.miniature import convsent, nq, vitaminc, zsre
from serac.sources.miniature.fact_source import FactSource
from serac.sources.miniature.word_tables import SPLITS


def generate_world(folder: Path, *, seed: int, size: WorldSize) -> None:
    """Write ``zsre``, ``reading``, ``vitaminc``, ``fever``, ``nq``, ``convsent`` and ``dialogue`` under ``folder``.

    The files are a function of ``seed`` and ``size``. Raises :class:`serac.errors.ConfigError` if ``size`` asks for
    more ConvSent topics than there are.
    """
    _write_zsre(folder, seed, size)
    _write_reading(folder / "reading", seed, size)
    _write_vitaminc(folder, seed, size)
    _write_convsent(folder, seed, size)
    train, validation = nq.make_questions(random.Random(f"nq/{seed}"), seed, size.nq, size.nq // 3)
    _write_json(folder / "nq" / "train.json", train)
    _write_json(folder / "nq" / "validation.json", validation)


def _write_zsre(folder: Path, seed: int, size: WorldSize) -> None:
    for split in SPLITS:
        rng = random.Random(f"zsre/{seed}/{split}")
        records = zsre.make_split(rng, seed, getattr(size, f"zsre_{split}"), split)
        native = folder / "zsre" / f"structured_zeroshot-{split}-new_annotated_final.jsonl"
        _write_lines(native, (record.native for record in records))
        _write_json(folder / "zsre" / f"impl_{split}.json", [record.implications for record in records])
        statements = "".join(record.statement + "\n" for record in records)
        (folder / "zsre" / f"zsre_yn_{split}.txt").write_text(statements, encoding="utf-8")


def _write_reading(folder: Path, seed: int, size: WorldSize) -> None:
    rng = random.Random(f"reading/{seed}")
    facts = iter(FactSource(rng, seed, "train"))
    for file, count in (("train", size.reading), ("validation", size.reading // 10)):
        _write_lines(folder / f"{file}.jsonl", zsre.reading(rng, (next(facts) for _ in range(count))))


def _write_vitaminc(folder: Path, seed: int, size: WorldSize) -> None:
    claims: set[str] = set()
    for split in SPLITS:
        rng = random.Random(f"vitaminc/{seed}/{split}")
        items = vitaminc.make_split(rng, seed, getattr(size, f"vitaminc_pages_{split}"), split)
        _write_lines(folder / "vitaminc" / f"{split}.jsonl", (item.native() for item in items))
        claims.update(item.claim.text for item in items)
    pages = (size.fever_pages, max(2, size.fever_pages // 10))
    train, dev = vitaminc.fever_records(random.Random(f"fever/{seed}"), seed, pages, claims)
    _write_lines(folder / "fever" / "train.jsonl", train)
    _write_lines(folder / "fever" / "dev.jsonl", dev)


def _write_convsent(folder: Path, seed: int, size: WorldSize) -> None:
    rng = random.Random(f"convsent/{seed}")
    counts = {split: getattr(size, f"convsent_topics_{split}") for split in SPLITS}
    topics = convsent.make_topics(rng, seed, counts)
    completions: set[str] = set()
    for split in SPLITS:
        records = convsent.make_split(rng, topics[split], convsent.Wording(seed, split))
        _write_json(folder / "convsent" / f"blender_{'val' if split == 'dev' else split}.json", records)
        if split != "train":
            completions.update(text for record in records for text in (*record["pos"], *record["neg"]))
    every = [topic for split in SPLITS for topic in topics[split]]
    for file, count in (("train", size.dialogue), ("validation", size.dialogue // 10)):
        _write_lines(folder / "dialogue" / f"{file}.jsonl", convsent.dialogue(rng, every, count, completions))


def _write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

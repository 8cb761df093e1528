"""Writes the whole world; which file comes from where is said here and nowhere else."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from serac.config.world import WorldSize
from serac.sources.miniature import convsent, nq, vitaminc, zsre
from serac.sources.miniature.names import Names

SPLITS = ("train", "dev", "test")


def generate_world(folder: Path, *, seed: int, size: WorldSize) -> None:
    """Write ``zsre``, ``vitaminc``, ``fever``, ``nq``, ``convsent`` and ``dialogue`` under ``folder``.

    The files are a function of ``seed`` and ``size``. Raises :class:`serac.errors.ConfigError` if ``size``
    asks for more names than there are.
    """
    _write_zsre(folder, seed, size)
    _write_vitaminc(folder, seed, size)
    _write_convsent(folder, seed, size)
    _write_nq(folder / "nq", seed, size)


def _write_zsre(folder: Path, seed: int, size: WorldSize) -> None:
    rng = random.Random(f"zsre/{seed}")
    names = Names(rng)
    for split in SPLITS:
        records = zsre.make_split(rng, names, getattr(size, f"zsre_{split}"), split=split)
        native = folder / "zsre" / f"structured_zeroshot-{split}-new_annotated_final.jsonl"
        _write_lines(native, (record.native for record in records))
        _write_json(folder / "zsre" / f"impl_{split}.json", [record.implications for record in records])
        statements = "".join(record.statement + "\n" for record in records)
        (folder / "zsre" / f"zsre_yn_{split}.txt").write_text(statements, encoding="utf-8")


def _write_vitaminc(folder: Path, seed: int, size: WorldSize) -> None:
    rng = random.Random(f"vitaminc/{seed}")
    names = Names(rng)
    every: list[vitaminc.Item] = []
    for split in SPLITS:
        items = vitaminc.make_split(rng, names, getattr(size, f"vitaminc_pages_{split}"), split=split)
        _write_lines(folder / "vitaminc" / f"{split}.jsonl", (item.native() for item in items))
        every += items
    claims = vitaminc.fever_records(rng, every)
    _write_lines(folder / "fever" / "train.jsonl", claims)
    _write_lines(folder / "fever" / "dev.jsonl", rng.sample(claims, len(claims) // 10))


def _write_convsent(folder: Path, seed: int, size: WorldSize) -> None:
    rng = random.Random(f"convsent/{seed}")
    source = convsent.Topics(rng, Names(rng))
    every: list[convsent.Topic] = []
    for split in SPLITS:
        topics = source.take(getattr(size, f"convsent_topics_{split}"))
        file = "val" if split == "dev" else split
        _write_json(folder / "convsent" / f"blender_{file}.json", convsent.make_split(rng, topics))
        every += topics
    for file, count in (("train", size.dialogue), ("validation", size.dialogue // 10)):
        _write_lines(folder / "dialogue" / f"{file}.jsonl", convsent.dialogue(rng, every, count))


def _write_nq(folder: Path, seed: int, size: WorldSize) -> None:
    train, validation = nq.make_questions(random.Random(f"nq/{seed}"), size.nq, size.nq // 3)
    _write_json(folder / "train.json", train)
    _write_json(folder / "validation.json", validation)


def _write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

"""Names of the raw files of every source, as the sources deliver them."""

from __future__ import annotations

SPLITS = ("train", "dev", "test")

RAW_FILES: dict[str, tuple[str, ...]] = {
    "zsre": (
        *(f"structured_zeroshot-{split}-new_annotated_final.jsonl" for split in SPLITS),
        *(f"impl_{split}.json" for split in SPLITS),
        *(f"zsre_yn_{split}.txt" for split in SPLITS),
    ),
    "vitaminc": tuple(f"{split}.jsonl" for split in SPLITS),
    "fever": ("train.jsonl", "dev.jsonl"),
    "nq": ("train.json", "validation.json"),
    "convsent": ("blender_train.json", "blender_val.json", "blender_test.json"),
    "facts": ("facts.jsonl",),
    "paraphrases": ("zsre_1000.jsonl",),
    "reading": ("train.jsonl", "validation.jsonl"),
    "dialogue": ("train.jsonl", "validation.jsonl"),
}


def raw_paths(raw: str, *sources: str) -> list[str]:
    """Paths of all files of ``sources`` in the folder ``raw``."""
    return [f"{raw}/{source}/{file}" for source in sources for file in RAW_FILES[source]]

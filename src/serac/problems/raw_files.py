"""Which raw files a problem reads under its settings: what the workflow must have before it prepares the problem."""

from __future__ import annotations

from serac.config.problems_data import ConvSentSettings, FcSettings, QaSettings, SplitSettings, ZsreSettings
from serac.errors import ConfigError


def raw_files(settings: SplitSettings) -> list[str]:
    """Paths below the folder of raw sources, of the edits' and of the base model's data."""
    names = list(dict.fromkeys(settings.splits.values()))
    match settings:
        case ZsreSettings():
            return _zsre(settings, names) + _nq(settings)
        case FcSettings():
            return [*(f"vitaminc/{name}.jsonl" for name in names), "fever/train.jsonl", "fever/dev.jsonl"]
        case ConvSentSettings():
            dialogue = ["dialogue/train.jsonl", "dialogue/validation.jsonl"] if settings.dialogue else []
            return [*(f"convsent/blender_{name}.json" for name in names), *dialogue]
    raise ConfigError(f"no raw files are known for settings of the kind {type(settings).__name__}")


def _zsre(settings: ZsreSettings, names: list[str]) -> list[str]:
    patterns = ["structured_zeroshot-{}-new_annotated_final.jsonl"]
    patterns += ["impl_{}.json"] if settings.implications else []
    patterns += ["zsre_yn_{}.txt"] if settings.true_false else []
    files = [pattern.format(name) for name in names for pattern in patterns]
    return [f"zsre/{file}" for file in [*files, *settings.subsets.values()]]


def _nq(settings: ZsreSettings) -> list[str]:
    if not (isinstance(settings, QaSettings) and settings.nq):
        return []
    return [f"nq/{name}.json" for name in dict.fromkeys(settings.nq_files.splits.values())]

"""Natural Questions: open questions that have nothing to do with any zsRE fact."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from serac.errors import RecordError
from serac.problems.native_files import read_json
from serac.problems.splits import Split, SplitSettings, load_splits
from serac.records import Query


class NqFiles(SplitSettings):
    """Natural Questions: the released test file holds no answers, so validation and test share one file."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "validation", "test": "validation"}, description="file of each split"
    )
    fractions: dict[Split, float] = Field(
        {"validation": 0.5, "test": 0.5},
        description="share of a file's questions that each split gets, where splits share the file",
    )


class _Native(BaseModel):
    questions: list[str]
    answers: list[str | list[str]]


def raw_files(settings: NqFiles) -> list[str]:
    """Files that :func:`questions` reads, relative to the folder of raw sources."""
    return [f"nq/{name}.json" for name in dict.fromkeys(settings.splits.values())]


def questions(raw: Path, settings: NqFiles, seed: int) -> dict[Split, list[Query]]:
    """The questions of ``raw/nq`` with their first answer, by split; those without an answer are left out."""
    splits = load_splits(settings, lambda name: _read(raw / "nq" / f"{name}.json"), lambda query: query.input, seed)
    return {split: [one.record for one in judged] for split, judged in splits.items()}


def _read(path: Path) -> list[Query]:
    native = read_json(path, _Native)
    if len(native.questions) != len(native.answers):
        raise RecordError(path, 1, f"{len(native.questions)} questions but {len(native.answers)} answers")
    pairs = zip(native.questions, map(_first_text, native.answers), strict=True)
    return [Query(question, answer, "nq") for question, answer in pairs if question.strip() and answer]


def _first_text(answers: str | list[str]) -> str:
    """The first answer that is not blank, or "" if there is none."""
    return next((text for text in ([answers] if isinstance(answers, str) else answers) if text.strip()), "")

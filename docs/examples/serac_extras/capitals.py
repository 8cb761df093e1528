"""Problem: countries get other capitals. Each line of a raw file holds a country, its capital and another town."""

from pathlib import Path

from pydantic import BaseModel, Field

from serac.problems.base_pairs import BaseData, BasePair
from serac.problems.native_files import read_jsonl
from serac.problems.problem import Problem
from serac.problems.splits import Embed, Judged, Split, SplitReport, Splits, SplitSettings, collect, load_splits
from serac.records import Edit, EditExample, Query


class Country(BaseModel):
    """One line of a raw file."""

    country: str
    capital: str
    other: str


class CapitalsSettings(SplitSettings):
    """Capitals: a country gets another capital."""

    polite: bool = Field(False, description="ask politely")


def question(record: Country, settings: CapitalsSettings) -> str:
    """The text that asks for a country's capital."""
    return f"{'Please: w' if settings.polite else 'W'}hat is the capital of {record.country}?"


def read_countries(raw: Path, settings: CapitalsSettings, seed: int) -> dict[Split, list[Judged[Country]]]:
    """The records of every split."""

    def read(name: str) -> list[Country]:
        return [record for _, record in read_jsonl(raw / "capitals" / f"{name}.jsonl", Country)]

    return load_splits(settings, read, lambda record: record.country, seed)


def prepare(raw: Path, settings: CapitalsSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits, each with inputs inside and outside its scope."""

    def edits(split: Split, records: list[Country], report: SplitReport) -> list[EditExample]:
        asked = [Query(question(record, settings), record.capital, "other", about=record.country) for record in records]
        return [
            EditExample(
                id=f"{split}-{number}",
                group=record.country,
                edit=Edit(question(record, settings), record.other),
                in_scope=(Query(question(record, settings), record.other, "main"),),
                out_of_scope=tuple(query for query in asked if query.about != record.country)[:20],
            )
            for number, record in enumerate(records)
        ]

    return collect("capitals", read_countries(raw, settings, seed), edits)


def base_pairs(raw: Path, settings: CapitalsSettings, seed: int) -> BaseData:
    """Questions and answers that the base model learns before it is edited."""
    records = [judged.record for split in read_countries(raw, settings, seed).values() for judged in split]
    pairs = [BasePair(question(record, settings), record.capital) for record in records]
    return BaseData(pairs, pairs)


PROBLEM = Problem(
    title="Capitals",
    tasks=("seq2seq",),
    settings=CapitalsSettings,
    raw_files=lambda settings: [f"capitals/{name}.jsonl" for name in dict.fromkeys(settings.splits.values())],
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: 21,
    kinds={"main": "edit input", "other": "other country"},
)

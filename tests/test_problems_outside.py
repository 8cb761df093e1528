"""A problem of another package: its module and an entry point, and not a line elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from added_from_outside import install
from serac.config.files import merge, read_yaml
from serac.records import read_examples
from serac.settings.composed import settings_section
from serac.settings.problems import problems_section
from snakemake_runs import ROOT, SMOKE, snakemake

CAPITALS = '''
"""Capitals: every line of raw/capitals/{split}.jsonl holds a country, its capital and another town."""

from pydantic import BaseModel, Field

from serac.problems.base_pairs import BaseData, BasePair
from serac.problems.files import read_jsonl
from serac.problems.problem import Problem
from serac.problems.splits import SplitSettings, collect, load_splits
from serac.records import Edit, EditExample, Query


class Country(BaseModel):
    country: str
    capital: str
    other: str


class CapitalsSettings(SplitSettings):
    """Capitals: a country gets another capital."""

    polite: bool = Field(False, description="ask politely")


def countries(raw, settings, seed):
    def read(name):
        return [record for _, record in read_jsonl(raw / "capitals" / f"{name}.jsonl", Country)]

    return load_splits(settings, read, lambda record: record.country, seed)


def question(record, settings):
    return f"{'Please: w' if settings.polite else 'W'}hat is the capital of {record.country}?"


def prepare(raw, settings, embed, seed):
    def one_split(split, records, report):
        asked = {record.country: Query(question(record, settings), record.capital, "other", about=record.country)
                 for record in records}
        return [
            EditExample(
                str(number), record.country, Edit(question(record, settings), record.other),
                (Query(question(record, settings), record.other, "main"),),
                tuple(query for country, query in asked.items() if country != record.country),
            )
            for number, record in enumerate(records)
        ]

    return collect("capitals", countries(raw, settings, seed), one_split)


def base_pairs(raw, settings, seed):
    records = [one.record for split in countries(raw, settings, seed).values() for one in split]
    pairs = [BasePair(question(record, settings), record.capital) for record in records]
    return BaseData(pairs, pairs[:1])


PROBLEM = Problem(
    title="Capitals",
    tasks=("seq2seq",),
    settings=CapitalsSettings,
    raw_files=lambda settings: [f"capitals/{name}.jsonl" for name in dict.fromkeys(settings.splits.values())],
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: 3,
    kinds={"main": "edit input", "other": "other country"},
)
'''


def test_a_package_adds_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = install(tmp_path, monkeypatch, "serac.problems", "capitals", CAPITALS, "PROBLEM")
    problems_section.cache_clear()
    settings_section.cache_clear()
    source = tmp_path / "countries"
    source.mkdir()
    for split in ("train", "dev", "test"):
        records = [{"country": f"{split} {n}", "capital": f"town {n}", "other": f"town {n + 1}"} for n in range(3)]
        (source / f"{split}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    qa = merge(read_yaml(ROOT / "config/config.yaml"), read_yaml(SMOKE))["problems"]["qa"]
    scenario = tmp_path / "capitals.yaml"
    scenario.write_text(
        yaml.safe_dump(
            {
                "run": {"name": "outside", "problems": ["capitals"]},
                "sources": {"capitals": {"origin": "local", "path": str(source)}},
                "problems": {"capitals": {**qa, "data": {"polite": True}, "editors": ["ft"]}},
                "paper": {"k": 2},
            }
        )
    )
    target = "results/outside/problems/capitals/test.jsonl"
    result = snakemake(
        tmp_path, "--cores", "1", "--quiet", "all", "--configfile", SMOKE, scenario, "--", target, **environment
    )
    assert result.returncode == 0, result.stdout
    examples = read_examples(tmp_path / target)
    assert [example.edit.input for example in examples] == [
        f"Please: what is the capital of test {n}?" for n in range(3)
    ]
    assert all(len(example.out_of_scope) == 2 for example in examples)
    problems_section.cache_clear()
    settings_section.cache_clear()

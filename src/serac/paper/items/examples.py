"""Table ``examples``: an edit of each problem with easy and hard inputs in and out of its scope."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, run_folder
from serac.paper.names import PROBLEMS, in_order, kind_name, problem_name
from serac.paper.tables import NONE, Table, write_table
from serac.records import EditExample, Query, read_examples

SORTS = {
    "in_scope": "in scope",
    "in_scope_hard": "in scope, hard",
    "out_of_scope": "out of scope",
    "out_of_scope_hard": "out of scope, hard",
}


def cells(settings: ItemSettings, scenario: Scenario) -> list[Cell]:
    """The test split of every problem."""
    folder = run_folder(scenario)
    return [Cell(f"{folder}/problems/{problem}/test.jsonl", problem) for problem in scenario.run.problems]


def caption(settings: ItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "One edit of each problem with inputs inside and outside its scope, easy and hard. Look at the hard ones: an "
        "implication shares few words with its edit but follows from it; a neighbour shares many but does not."
    )


def make(data: Data[ItemSettings], outputs: Sequence[Path]) -> None:
    """Sample the examples and write them."""
    write_table(
        examples_table({cell.problem: read_examples(cell.file) for cell in data.cells}, seed=data.seed), outputs
    )


def examples_table(examples: Mapping[str, Sequence[EditExample]], *, seed: int = 0) -> Table:
    """One row per problem: a sampled edit with an input in scope and up to four sorts of input."""
    rows, printed = [], []
    for problem in in_order(examples, PROBLEMS):
        rng = random.Random(f"examples/{seed}/{problem}")
        example = _most_complete(examples[problem], rng)
        queries = {sort: rng.choice(found) if found else None for sort, found in _sorts(example).items()}
        row = {"problem": problem, "id": example.id, "edit": example.edit.input, "edit_label": example.edit.label}
        for sort, query in queries.items():
            row |= {sort: query.input if query else "", f"{sort}_label": query.label if query else ""}
        rows.append(row)
        edit = _arrow(example.edit.input, example.edit.label)
        printed.append([problem_name(problem), edit, *(_cell(query, problem) for query in queries.values())])
    display = pd.DataFrame(printed, columns=["problem", "edit", *SORTS.values()])
    caption = (
        "One edit of each problem with inputs in and out of its scope. Arrows point to the desired output in scope "
        "and to the original output out of scope; in fact checking, 1 is true and 0 false."
    )
    return Table(pd.DataFrame(rows), display, caption)


def _sorts(example: EditExample) -> dict[str, list[Query]]:
    scopes = {"in_scope": example.in_scope, "out_of_scope": example.out_of_scope}
    return {
        f"{scope}{suffix}": [query for query in queries if query.hard == hard and query.wanted]
        for scope, queries in scopes.items()
        for suffix, hard in (("", False), ("_hard", True))
    }


def _most_complete(examples: Sequence[EditExample], rng: random.Random) -> EditExample:
    ranks = [(bool(example.in_scope), sum(map(bool, _sorts(example).values()))) for example in examples]
    return rng.choice([example for example, rank in zip(examples, ranks, strict=True) if rank == max(ranks)])


def _cell(query: Query | None, problem: str) -> str:
    return NONE if query is None else f"{_arrow(query.input, query.label)} ({kind_name(query.kind)})"


def _arrow(text: str, label: str) -> str:
    return f"{text} → {label}" if label else text


ITEM = Item(
    form="table",
    title="Edits and their scope",
    category="Method",
    claim="An edit's scope includes inputs that differ from it in wording and excludes some that resemble it.",
    caption=caption,
    cells=cells,
    make=make,
)

"""zsRE's data rules against the reference's.

Random streams differ, so what is compared is structure: which records are kept, which rows can be drawn, how often.
Where this project differs on purpose the test states both behaviours.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from serac.editors.training_batches import draw_batch
from serac.problems import qa, qa_hard, zsre
from serac.problems.qa_hard import HardInScope, QaHardSettings
from serac.problems.zsre import Fact
from serac.records import Edit, Query

from .vectors import claim, close, load_case, without_counts

ZSRE = claim(__name__, "data_zsre")
OPTIONS = {"implications", "true_false", "eval_idxs"}
DRAWS = {
    "settings", "n_records", "kept_ids", "rephrases_after_cleaning", "out_of_scope_pool_size",
    "out_of_scope_pool_kinds", "out_of_scope_pool_example", "seeded_batches", "draws_per_record", "tuple_frequencies",
}  # fmt: skip
DRAWS_WITHOUT_REPHRASES = {"in_scope_is_the_edit_batch"}
SURELY_DRAWN = 10
"""Expected number of draws of a row at which its absence is no chance (less than one in 20,000)."""


def zsre_settings(names: list[str], *, rephrases: bool = True) -> list[tuple[str, str]]:
    """Cases and their settings, those with rephrases in scope or those without."""
    wanted = DRAWS if rephrases else DRAWS_WITHOUT_REPHRASES
    return [(name, key) for name in names for key, keys in drawn_keys(name).items() if keys == wanted]


def drawn_keys(name: str) -> dict[str, set[str]]:
    return {key: set(without_counts(value)) for key, value in load_case(name).json("draws.json").items()}


@pytest.mark.parametrize("name", ZSRE)
def test_draws_are_all_compared(name: str) -> None:
    for setting, keys in drawn_keys(name).items():
        assert keys in (DRAWS, DRAWS_WITHOUT_REPHRASES), setting


class Zsre:
    """One setting of a zsRE case: the reference's draws and our facts."""

    def __init__(self, name: str, key: str) -> None:
        case = load_case(name)
        self.folder, self.drawn = case.folder, without_counts(case.json("draws.json")[key])
        options = self.drawn["settings"]
        unknown = {option for option in options if options[option]} - OPTIONS
        assert not unknown, f"{name}/{key}: these tests do not cover {sorted(unknown)}"
        self.implications, self.true_false = options["implications"], options["true_false"]
        self.settings = QaHardSettings(implications=self.implications, true_false=self.true_false)
        facts = zsre.read_facts(
            self.folder / "records-train.jsonl",
            self.folder / "impl_train.json" if self.implications else None,
            self.folder / "yn_train.txt" if self.true_false else None,
        )
        subset = zsre.read_subset(self.folder / options["eval_idxs"]) if options["eval_idxs"] else None
        self.read = len(facts)
        self.kept = [
            fact
            for fact in facts
            if (subset is None or fact.line in subset) and zsre.fault(fact, self.settings) is None
        ]

    @property
    def kinds(self) -> list[str]:
        return ["random", "rephrase"] + ["implication"] * self.implications + ["true_false"] * self.true_false


@pytest.fixture(params=zsre_settings(ZSRE), ids=lambda pair: "/".join(pair))
def zsre_case(request: pytest.FixtureRequest) -> Zsre:
    return Zsre(*request.param)


def test_keeps_the_same_records(zsre_case: Zsre) -> None:
    lines = (zsre_case.folder / "records-train.jsonl").read_text(encoding="utf-8").split("\n")
    assert zsre_case.read == zsre_case.drawn["n_records"]
    assert [json.loads(lines[fact.line])["id"] for fact in zsre_case.kept] == zsre_case.drawn["kept_ids"]


def test_cleans_rephrases_alike(zsre_case: Zsre) -> None:
    cleaned = {fact.question: list(fact.rephrases) for fact in zsre_case.kept}
    assert cleaned == zsre_case.drawn["rephrases_after_cleaning"]


def test_pool_has_equal_shares_of_our_kinds(zsre_case: Zsre) -> None:
    """The reference cuts its pool into equal parts; ours draws equal numbers by kind, with the same defaults."""
    kept, kinds = zsre_case.kept, zsre_case.kinds
    share, rest = divmod(len(kept), len(kinds))
    available = {
        "main": (len(kept), share + rest),
        "rephrase": (sum(len(fact.rephrases) for fact in kept), share),
        "implication": (sum(len(fact.implications) for fact in kept), share),
        "true/false": (len(kept) if zsre_case.true_false else 0, share),
    }
    sizes = {kind: min(count, part) for kind, (count, part) in available.items()}
    assert {kind: size for kind, size in sizes.items() if size} == zsre_case.drawn["out_of_scope_pool_kinds"]
    assert sum(sizes.values()) == zsre_case.drawn["out_of_scope_pool_size"]
    numbers = QaHardSettings().out_of_scope
    assert len({getattr(numbers, kind) for kind in kinds}) == 1


def possible_rows(facts: list[Fact], kinds: list[str]) -> dict[tuple[str, str], str]:
    """Every row that we can draw out of scope, with the question of the fact that it is about; prompts removed."""
    rows: dict[tuple[str, str], str] = {}
    for fact in facts:
        rng = random.Random(fact.question)
        for kind in kinds:
            for _ in range(500):
                query = qa_hard.about(fact, kind, rng, hard=False)
                if query is not None:
                    rows[without_prompt(query.input), query.label] = query.about
    return rows


def without_prompt(text: str) -> str:
    prompts = [variant for prompt in zsre.PROMPTS for variant in (prompt, prompt.lower())]
    text = next((text.removeprefix(prompt) for prompt in prompts if text.startswith(prompt)), text)
    return text.strip().replace(" - ", "-")


def reference_rows(drawn: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        *drawn["out_of_scope_pool_example"],
        *(row for batch in drawn["seeded_batches"] for row in batch["out_of_scope"]),
    ]
    return [(without_prompt(text), label) for text, label in rows]


def test_draws_only_rows_that_ours_can_draw(zsre_case: Zsre) -> None:
    """Except statements: the reference labels them at random and has rows with an empty or unrelated statement."""
    ours = possible_rows(zsre_case.kept, zsre_case.kinds)
    usable = {without_prompt(fact.statement) for fact in zsre_case.kept if fact.has_statement}
    for text, label in reference_rows(zsre_case.drawn):
        if label not in ("True", "False"):
            assert (text, label) in ours
        elif text in usable:
            assert (text, "True") in ours
            assert (text, "False") not in ours
        else:
            assert not any(text == mine for mine, _ in ours if text)


@pytest.mark.parametrize("name", ZSRE)
def test_reference_can_draw_the_edit_itself_ours_never(name: str) -> None:
    own, expected, ours = 0, 0.0, 0
    for _, key in zsre_settings([name]):
        case = Zsre(name, key)
        about = possible_rows(case.kept, case.kinds)
        for batch in case.drawn["seeded_batches"]:
            edited = {question for question, _ in batch["edit"]}
            drawn = [about.get((without_prompt(text), label)) for text, label in batch["out_of_scope"]]
            own += sum(question in edited for question in drawn)
            expected += len(edited) / len(case.kept) * sum(question is not None for question in drawn)
        pool = [qa.main_question(fact, "random") for fact in case.kept]
        for fact in case.kept:
            for seed in range(100):
                others = qa.others(pool, fact, {fact.question}, len(pool), random.Random(seed))
                ours += sum(query.about == fact.question for query in others)
                assert len(others) == len(pool) - 1
    assert ours == 0
    assert own > 0 or expected < SURELY_DRAWN


def one_draw(fact: Fact, settings: QaHardSettings, number: int) -> tuple[Edit, Query]:
    """An edit of ``fact`` and one in-scope input, drawn as in training."""
    (example,) = qa.edits_of(
        [fact],
        1,
        str(number),
        lambda fact, label, rng: qa_hard.in_scope(fact, label, settings, rng, both=False),
        lambda *_: [],
    )
    batch = draw_batch(random.Random(number), [example], 1, 0.0)
    return batch.edits[0], batch.in_scope[0]


def test_draws_in_scope_inputs_equally_often(zsre_case: Zsre) -> None:
    draws = zsre_case.drawn["draws_per_record"]
    for fact in zsre_case.kept:
        drawn = [one_draw(fact, zsre_case.settings, number) for number in range(draws)]
        reference = zsre_case.drawn["tuple_frequencies"][fact.question]
        kinds = Counter(query.kind.replace("true_false", "true/false") for _, query in drawn)
        assert set(kinds) == set(reference["kinds"])
        assert all(close(count / draws, reference["kinds"][kind], draws) for kind, count in kinds.items())

        ours = Counter((edit.input, edit.label, query.input, query.label) for edit, query in drawn)
        theirs = {
            (row["edit_input"], row["edit_label"], row["in_scope_input"], row["in_scope_label"]): row["freq"]
            for row in reference["tuples"]
        }
        for row in {*ours, *theirs}:
            assert close(ours[row] / draws, theirs.get(row, 0.0), draws), row
        counts = [prompt_free(ours), prompt_free({row: draws * share for row, share in theirs.items()})]
        for row in {*counts[0], *counts[1]}:
            seen = [count[row] for count in counts]
            assert min(seen) > 0 or max(seen) < SURELY_DRAWN, row


Row = tuple[str, str, str, str]


def prompt_free(counts: Mapping[Row, float]) -> Mapping[Row, float]:
    together: defaultdict[Row, float] = defaultdict(float)
    for (edit, label, text, answer), count in counts.items():
        together[edit, label, without_prompt(text), answer] += count
    return together


@pytest.mark.parametrize(("name", "key"), zsre_settings(ZSRE, rephrases=False))
def test_reference_without_rephrases_has_the_edits_in_scope(name: str, key: str) -> None:
    assert load_case(name).json("draws.json")[key]["in_scope_is_the_edit_batch"] is True


def test_without_other_kinds_the_edit_is_its_own_in_scope_input(zsre_case: Zsre) -> None:
    alone = QaHardSettings(in_scope=HardInScope(rephrase=0, implication=0, true_false=0))
    for fact in zsre_case.kept:
        edit, query = one_draw(fact, alone, 0)
        assert (query.input, query.label) == (edit.input, edit.label)

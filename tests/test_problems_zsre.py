"""Properties of the zsRE rules, for any text."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serac.problems import qa, qa_hard, zsre
from serac.problems.neighbours import HardNegativeSettings
from serac.problems.qa import QaSettings
from serac.problems.qa_hard import HardInScope, HardOutOfScope, QaHardSettings
from serac.problems.zsre import Fact
from spies import noting

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
ANSWER = TEXT.filter(lambda text: bool(text.strip()))
SPECIAL = st.sampled_from(["C++", r"\1", r"\g<0>", "a\\", "(x", "[", "$", "^.*", "東京", "ẞ", "{}"])
ANSWERS = ANSWER | SPECIAL
FULL = Fact(99, "Who wrote it?", "Ada", ("Eva",), ("Its author?",), (("What did Ada write?", "it"),), "Ada wrote it.")


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    answer = draw(ANSWERS)
    alternatives = draw(st.lists(ANSWERS, min_size=1, max_size=5))
    return Fact(
        line=0,
        question=draw(ANSWER),
        answer=answer,
        alternatives=tuple(alternatives),
        rephrases=tuple(draw(st.lists(ANSWER, min_size=1, max_size=25))),
        implications=tuple(draw(st.lists(st.tuples(TEXT | st.just(f"Is it {answer}?"), TEXT), max_size=3))),
        statement=draw(st.sampled_from([f"It is {answer}.", "It is.", ""])),
    )


@given(before=TEXT, old=ANSWERS, after=TEXT, new=ANSWERS)
def test_answers_are_replaced_as_literal_text(before: str, old: str, after: str, new: str) -> None:
    replaced = zsre.replace_answer(f"{before}{old}{after}", old, new)
    assert new in replaced
    assert zsre.replace_answer("nothing here", "something", new) == "nothing here"


@given(prefix=TEXT, old=ANSWERS)
def test_replacing_an_answer_by_itself_changes_at_most_case(prefix: str, old: str) -> None:
    text = prefix + old
    assert zsre.replace_answer(text, old, old).casefold() == text.casefold() or not text.isascii()


def test_every_occurrence_is_replaced_in_any_case() -> None:
    assert zsre.replace_answer("Is GRAZ, or Graz, big?", "Graz", r"C++\1") == r"Is C++\1, or C++\1, big?"


@given(text=TEXT, answer=ANSWERS)
def test_contains_agrees_with_replace(text: str, answer: str) -> None:
    marker = "\x00new\x00"
    assert zsre.contains(text, answer) == (marker in zsre.replace_answer(text, answer, marker))


@given(question=ANSWER, rephrases=st.lists(ANSWER, max_size=25))
def test_only_the_first_copy_of_the_question_is_removed(question: str, rephrases: list[str]) -> None:
    cleaned = zsre.clean_rephrases(question, [*rephrases, question])
    assert Counter(cleaned) == Counter([*rephrases, question]) - Counter([question])


@given(fact=facts())
def test_filters(fact: Fact) -> None:
    reason = zsre.fault(fact, QaSettings())
    banned = "sex" in fact.question or "gender" in fact.question
    assert (reason is None) == (not banned)


@pytest.mark.parametrize(
    ("question", "dropped"), [("What sex is it?", True), ("Is Essex big?", True), ("Sex?", False), ("Who?", False)]
)
def test_substring_filter_is_case_sensitive(question: str, dropped: bool) -> None:
    fact = Fact(0, question, "a", ("b",), ("c",))
    assert (zsre.fault(fact, QaSettings()) == "dropped_substring") is dropped


@given(fact=facts(), draws=st.integers(1, 6), seed=st.integers(0, 5))
def test_qa_edits_have_different_labels_and_own_inputs(fact: Fact, draws: int, seed: int) -> None:
    examples = qa.edits_of(
        [fact], draws, str(seed), lambda fact, label, rng: qa.in_scope(fact, label, 2, rng), lambda *_: []
    )
    labels = [example.edit.label for example in examples]
    assert len(labels) == len(set(labels)) == min(draws, len(set(fact.alternatives)))
    assert set(labels) <= set(fact.alternatives)
    for example in examples:
        assert {query.label for query in example.in_scope} == {example.edit.label}
        assert [query.kind for query in example.in_scope] == ["main"] + ["rephrase"] * min(2, len(fact.rephrases))
        assert {query.input for query in example.in_scope} <= {fact.question, *fact.rephrases}


@given(fact=facts(), both=st.booleans(), seed=st.integers(0, 5))
def test_hard_in_scope_inputs(fact: Fact, both: bool, seed: int) -> None:
    label = fact.alternatives[0]
    settings = QaHardSettings(in_scope=HardInScope(implication=3, true_false=1))
    queries = qa_hard.in_scope(fact, label, settings, random.Random(seed), both=both)
    by_kind: dict[str, list[Any]] = {kind: [] for kind in ("main", "rephrase", "implication", "true_false")}
    for query in queries:
        by_kind[query.kind].append(query)
        assert query.hard == (query.kind in ("implication", "true_false"))
    assert len(by_kind["implication"]) == len(fact.usable_implications)
    assert all(label in query.input for query in by_kind["implication"])
    verdicts = [query.label for query in by_kind["true_false"]]
    if not fact.has_statement:
        assert verdicts == []
    elif not fact.other_alternatives(label):
        assert verdicts == ["True"]
    else:
        assert verdicts == ["True", "False"] if both else verdicts in (["True"], ["False"])
    for query in by_kind["true_false"]:
        assert query.input.lower().startswith(tuple(prompt.lower() for prompt in zsre.PROMPTS))
        said = [label] if query.label == "True" else fact.other_alternatives(label)
        assert any(answer in query.input for answer in said)


def test_a_kind_that_no_fact_has_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [Fact(n, f"Who is {n}?", f"a{n}", ("b",), (f"Name {n}.",)) for n in range(30)]
    settings = QaHardSettings(
        out_of_scope=HardOutOfScope(neighbour=0), hard_negatives=HardNegativeSettings(probability=0)
    )
    about, asked = qa_hard.about, []
    monkeypatch.setattr(qa_hard, "about", noting(lambda fact, kind, *rest, **rules: asked.append(kind), about))
    for facts, kinds in (
        (plain, ["random", "rephrase"]),
        ([*plain, FULL], ["random", "rephrase", "implication", "true_false"]),
    ):
        queries = qa_hard._OutOfScope(facts, settings, None).draw(plain[0], set(), random.Random(0))
        assert [query.kind for query in queries] == kinds
        assert set(asked) == set(kinds)


@given(fact=facts(), seed=st.integers(0, 5))
def test_statements_out_of_scope_are_labelled_by_what_they_say(fact: Fact, seed: int) -> None:
    query = qa_hard.about(fact, "true_false", random.Random(seed), hard=False)
    if not fact.has_statement:
        assert query is None
        return
    assert query is not None
    said = [fact.answer] if query.label == "True" else fact.other_alternatives(fact.answer)
    assert any(zsre.contains(query.input, answer) for answer in said)
    assert query.about == fact.question

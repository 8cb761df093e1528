"""The included facts, and the edits made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from serac.problems.facts import FactsSettings, prepare, read_facts
from serac.problems.splits import Splits
from serac.records import EditExample
from serac.sources.facts import write_facts


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_facts(folder / "facts" / "facts.jsonl")
    return folder


@pytest.fixture(scope="module")
def splits(raw: Path) -> Splits:
    return prepare(raw, FactsSettings(draws=1), None, 0)


def everything(splits: Splits) -> list[EditExample]:
    return [*splits.train, *splits.validation, *splits.test]


def test_there_are_enough_facts_relations_and_wordings(raw: Path) -> None:
    facts = read_facts(raw)
    assert len(facts) >= 1200
    assert len({fact.relation for fact in facts}) >= 12
    assert all(len({*fact.questions, *fact.held_out_questions}) >= 6 for fact in facts)
    assert len({fact.group for fact in facts}) == len(facts)
    for fact in facts:
        texts = [*fact.questions, *fact.held_out_questions, *fact.two_hops.values(), *fact.alias_questions]
        assert not any("{" in text or "  " in text for text in texts)
        assert all("{o}" in text and "{s}" not in text for text in [*fact.statements, *fact.reverse])
        assert fact.subject.lower() in fact.questions[0].lower()


def test_known_facts_are_right(raw: Path) -> None:
    known = {(fact.relation, fact.subject): fact for fact in read_facts(raw)}
    assert known["capital", "Kenya"].answers == ["Nairobi"]
    assert known["number", "gold"].answers == ["79"]
    assert known["symbol", "tungsten"].alias_questions == ["What is the chemical symbol of wolfram?"]
    assert known["currency", "Kenya"].two_hops["capital"] == (
        "What is the currency of the country whose capital is Nairobi?"
    )
    assert "capital" not in known["capital", "Kenya"].two_hops


def test_relations_are_held_out(splits: Splits) -> None:
    relations = [{example.group.split("/")[1] for example in part} for part in (splits.train, splits.validation)]
    relations.append({example.group.split("/")[1] for example in splits.test})
    assert all(relations)
    assert not relations[0] & relations[1] and not (relations[0] | relations[1]) & relations[2]  # noqa: PT018
    assert len(splits.test) >= 500


def test_an_edit_changes_the_answer_and_names_its_subject(raw: Path, splits: Splits) -> None:
    facts = {fact.group: fact for fact in read_facts(raw)}
    for example in everything(splits):
        assert example.edit.label not in facts[example.group].answers
        assert example.edit.subject.lower() in example.edit.input.lower()
        assert {"main", "rephrase", "true_false"} <= {query.kind for query in example.in_scope}
        statements = {query.label: query.input for query in example.in_scope if query.kind == "true_false"}
        assert example.edit.label.lower() in statements["True"].lower()


def test_reverse_questions_of_a_split_have_one_answer(splits: Splits) -> None:
    asked: dict[str, str] = {}
    capitals = [example for example in splits.test if "/capital/" in example.group]
    for example in capitals:
        for query in example.in_scope:
            if query.kind == "reverse":
                assert asked.setdefault(query.input, query.label) == query.label
    assert asked


def test_evaluation_asks_in_wordings_that_training_never_saw(splits: Splits) -> None:
    def texts(example: EditExample) -> set[str]:
        every = (*example.in_scope, *example.out_of_scope)
        return {query.input for query in every if query.kind in ("rephrase", "reverse", "true_false")}

    trained = set().union(*map(texts, splits.train))
    assert not trained & set().union(*map(texts, splits.test))


def test_out_of_scope_inputs_are_about_other_facts_that_no_edit_answers(splits: Splits) -> None:
    answers = {example.edit.label for example in splits.test}
    edited = {example.group.split("/")[1] for example in splits.test}
    for example in splits.test:
        for query in example.out_of_scope:
            assert query.about != example.group
            if query.kind == "reverse":
                assert query.about.split("/")[1] not in edited
    assert answers


def test_two_hop_questions_rest_on_facts_that_no_edit_of_the_split_changes(splits: Splits) -> None:
    questions = [query.input for example in splits.test for query in example.portability if query.kind == "two_hop"]
    assert len(questions) > 100
    assert not any("whose capital is" in question for question in questions if "capital of the country" in question)


def test_preparation_is_repeatable_and_limits_hold(raw: Path, splits: Splits) -> None:
    again = prepare(raw, FactsSettings(draws=1, limits={"test": 7}), None, 0)
    assert again.validation == splits.validation
    assert len(again.test) == 7
    assert EditExample.from_json(again.test[0].to_json()) == again.test[0]

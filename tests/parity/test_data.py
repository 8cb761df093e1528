"""The data rules against the reference's: VitaminC, ConvSent, sampling of batches, hard negatives.

Random streams differ, so what is compared is structure: which records are kept, which rows can be drawn, how often.
Where this project differs on purpose the test states both behaviours.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch

from serac.config.problems_data import ConvSentSettings, FcSettings
from serac.editors.sampling import draw_batch
from serac.evaluation.batches import make_batches
from serac.problems import convsent, vitaminc
from serac.problems.neighbours import hard_negatives
from serac.problems.splits import SplitReport
from serac.records import Edit, EditExample, Query

from .vectors import Case, assert_close, claim, load_case

VITAMINC = claim(__name__, "data_vitaminc")
SENTIMENT = claim(__name__, "data_sentiment")
SAMPLER = claim(__name__, "data_sampler")
NEIGHBOURS = claim(__name__, "hard_negatives")


# --- VitaminC ------------------------------------------------------------------------------------
@pytest.fixture(params=VITAMINC)
def vitaminc_case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


def kept_claims(case: Case, split: str) -> list[vitaminc.Claim]:
    claims = vitaminc.read_claims(case.folder / f"{split}.jsonl", FcSettings())
    return [claim for claim in claims if vitaminc.fault(claim, FcSettings()) is None]


@pytest.mark.parametrize("split", ["train", "test"])
def test_vitaminc_keeps_the_same_records(vitaminc_case: Case, split: str) -> None:
    kept = sorted(f"{claim.page} | {claim.claim}" for claim in kept_claims(vitaminc_case, split))
    assert kept == sorted(vitaminc_case.json("draws.json")[split]["kept"])


def test_vitaminc_balances_training_with_the_same_probabilities(vitaminc_case: Case) -> None:
    labels = [claim.label for claim in kept_claims(vitaminc_case, "train")]
    reference = vitaminc_case.json("draws.json")["train"]["keep_probability"]
    assert vitaminc.keep_probabilities(labels) == pytest.approx(reference)


@pytest.mark.parametrize("split", ["train", "test"])
def test_vitaminc_label_shares(vitaminc_case: Case, split: str) -> None:
    claims, counts = kept_claims(vitaminc_case, split), Counter()
    for seed in range(2000):
        chosen = vitaminc.balanced(claims, random.Random(seed), SplitReport()) if split == "train" else claims
        counts.update(claim.label for claim in chosen)
    for label, frequency in vitaminc_case.json("draws.json")[split]["label_frequencies_over_2000_batches"].items():
        assert counts[label] / counts.total() == pytest.approx(frequency, abs=0.06)


def test_vitaminc_balances_training_only(vitaminc_case: Case, tmp_path: Path) -> None:
    (tmp_path / "vitaminc").mkdir()
    for split in ("train", "dev", "test"):
        source = vitaminc_case.folder / ("test.jsonl" if split == "test" else "train.jsonl")
        shutil.copy(source, tmp_path / "vitaminc" / f"{split}.jsonl")
    report = vitaminc.prepare(tmp_path, FcSettings(), None, 0).report
    assert vitaminc_case.json("draws.json")["test"]["keep_probability"] is None
    assert "balance" in report.splits["train"].dropped
    assert "balance" not in report.splits["test"].dropped


@pytest.mark.parametrize("split", ["train", "test"])
def test_vitaminc_batches_hold_rows_that_ours_allow(vitaminc_case: Case, split: str) -> None:
    claims = kept_claims(vitaminc_case, split)
    examples = {example.edit.input: example for example in vitaminc.edits_of(claims, len(claims), "0")}
    for batch in vitaminc_case.json("draws.json")[split]["seeded_batches"]:
        edits = [examples[text] for text in batch["edit_input"]]
        assert [example.group for example in edits] == batch["pages"]
        assert {example.edit.label for example in edits} == {""}
        pairs = zip(batch["pos_pairs"], batch["in_scope_input"], batch["in_scope_label"], strict=True)
        for (_, edit), text, (label,) in pairs:
            assert (text, str(label)) in {(query.input, query.label) for query in edits[edit].in_scope}
        outside = zip(
            edits, batch["out_of_scope_input"], batch["out_of_scope_pages"], batch["hard_negative"], strict=True
        )
        for example, text, page, hard in outside:
            kind = "neutral" if hard else "other_page"
            allowed = {query.input: query for query in example.out_of_scope if query.kind == kind}
            assert allowed[text].hard is hard
            assert allowed[text].about == ("" if hard else page)


@pytest.mark.parametrize("split", ["train", "test"])
def test_vitaminc_pages_exclude_one_another_when_equal(vitaminc_case: Case, split: str) -> None:
    """The reference compares quoted names, so one page's key never lies in another's: in effect, equality, as ours."""
    groups = {example.group for example in vitaminc.edits_of(kept_claims(vitaminc_case, split), 0, "0")}
    keys = vitaminc_case.json("draws.json")[split]["mutex_keys"]
    assert {ascii(group) for group in groups} == set(keys)
    assert not any(key in other for key in keys for other in keys if key != other)


# --- ConvSent ------------------------------------------------------------------------------------
@pytest.fixture(params=SENTIMENT)
def sentiment_case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


def sentiment_draws(case: Case) -> list[dict]:
    return [value for key, value in case.json("draws.json").items() if key.startswith("completion_sampling")]


def test_sentiment_templates(sentiment_case: Case) -> None:
    assert list(convsent.TEMPLATES) == sentiment_case.json("draws.json")["templates"]


def test_sentiment_batches_hold_all_completions_in_our_order(sentiment_case: Case) -> None:
    topics = {topic.ent: topic for topic in convsent.read_topics(sentiment_case.folder / "blender_train.json")}
    for batch in (batch for draws in sentiment_draws(sentiment_case) for batch in draws["seeded_batches_of_2"]):
        edited = [topics[text.removeprefix("Topic: ")] for text, _ in batch["edit"]]
        positive = [label == "Sentiment: Positive" for _, label in batch["edit"]]
        edits = [convsent.edit_of(topic, positive=side) for topic, side in zip(edited, positive, strict=True)]
        assert [[edit.input, edit.label] for edit in edits] == batch["edit"]
        ours = [
            query
            for topic, side in zip(edited, positive, strict=True)
            for query in convsent.in_scope(topic, positive=side, rng=random.Random(0))
        ]
        assert [query.label for query in ours] == [completion for _, completion in batch["in_scope"]]
        same = [a == b for a, b in zip(batch["inner_sent"], batch["outer_sent"], strict=True)]
        assert [query.wanted for query in ours] == same
        for (question, _), (_, edit) in zip(batch["in_scope"], batch["pos_pairs"], strict=True):
            assert question in {template.format(edited[edit].ent) for template in convsent.TEMPLATES}


def test_sentiment_out_of_scope_is_about_other_topics(sentiment_case: Case) -> None:
    """The reference shows edits of other topics; ours, as the paper, questions about them."""
    topics = convsent.read_topics(sentiment_case.folder / "blender_train.json")
    questions = {template.format(topic.ent): topic.ent for topic in topics for template in convsent.TEMPLATES}
    for batch in (batch for draws in sentiment_draws(sentiment_case) for batch in draws["seeded_batches_of_2"]):
        edited = {text for text, _ in batch["edit"]}
        assert not edited & {text for text, _ in batch["out_of_scope"]}
        assert all(text.startswith("Topic: ") for text, _ in batch["out_of_scope"])
    for example in convsent.edits_of(topics, None, ConvSentSettings(), 20, "0"):
        assert example.out_of_scope
        for query in example.out_of_scope:
            assert questions[query.input] == query.about != example.group


def test_sentiment_frequencies(sentiment_case: Case) -> None:
    topics = convsent.read_topics(sentiment_case.folder / "blender_train.json")
    examples = convsent.edits_of(topics, None, ConvSentSettings(), 400, "0")
    templates = {template.format(topic.ent): template for topic in topics for template in convsent.TEMPLATES}
    used = Counter(templates[query.input] for example in examples for query in example.in_scope)
    labels = Counter(example.edit.label for example in examples)
    for draws in sentiment_draws(sentiment_case):
        for template, frequency in draws["template_frequencies"].items():
            assert used[template] / used.total() == pytest.approx(frequency, abs=0.02)
        for label, frequency in draws["first_edit_label_freq_1000"].items():
            assert labels[label] / labels.total() == pytest.approx(frequency, abs=0.1)


# --- batches of edits ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", SAMPLER)
def test_sampler_reference_keeps_back_the_last_full_batch_ours_does_not(name: str) -> None:
    for run in load_case(name).json("draws.json"):
        n, size, first_pass = run["n"], run["batch"], run["edits_before_first_restart"]
        full = n // size * size
        assert first_pass == (full - size if full == n and n > size else full)
        theirs = [edit for batch in run["batches"][: first_pass // size] for edit in batch["edit"]]
        assert len(set(theirs)) == first_pass

        examples = [EditExample(str(i), f"group {i}", Edit(f"x{i}", "y"), (), ()) for i in range(n)]
        batches = make_batches(examples, size, n, seed=0)
        ours = [example.id for batch in batches for example in batch.examples]
        assert len(set(ours)) == len(ours) == full


@pytest.mark.parametrize("name", SAMPLER)
def test_sampler_out_of_scope_inputs_belong_to_other_edits(name: str) -> None:
    for run in load_case(name).json("draws.json"):
        for batch in run["batches"]:
            assert not set(batch["edit"]) & set(batch["loc"])
        n, size = run["n"], run["batch"]
        others = tuple(Query(f"x{i}", "y", "random", about=f"group {i}") for i in range(n))
        examples = [EditExample(str(i), f"group {i}", Edit(f"x{i}", "y"), others[:1], others) for i in range(n)]
        for seed in range(50):
            batch = draw_batch(random.Random(seed), examples, size, 0.5)
            edited = {edit.input for edit in batch.edits}
            assert len(edited) == size
            assert not edited & {query.input for query in batch.out_of_scope}


# --- hard negatives ------------------------------------------------------------------------------
def hard_negative_settings(names: list[str]) -> list[tuple[str, str]]:
    return [
        (name, key)
        for name in names
        for key, value in load_case(name).meta["hyperparameters"].items()
        if isinstance(value, dict)
    ]


@pytest.mark.parametrize(("name", "key"), hard_negative_settings(NEIGHBOURS))
def test_hard_negatives(name: str, key: str) -> None:
    case = load_case(name)
    rules = dict(case.meta["hyperparameters"][key])
    candidates = case.inputs[rules.pop("candidates").split()[0]]
    indices, probabilities = hard_negatives(case.inputs["edit_embeddings"].numpy(), candidates.numpy(), **rules)
    assert_close(case, f"{key}.indices", torch.from_numpy(indices))
    assert_close(case, f"{key}.probs", torch.from_numpy(probabilities))
    torch.testing.assert_close(torch.from_numpy(probabilities).sum(dim=1), torch.ones(len(indices)))


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_hard_negatives_of_the_same_group_the_reference_draws_ours_does_not(name: str) -> None:
    vectors = load_case(name).inputs["edit_embeddings"].numpy()
    groups = [str(row) for row in range(len(vectors))]
    rules = {"num_neighbors": len(vectors), "num_exclude": 0, "temperature": 0.1}
    plain, _ = hard_negatives(vectors, vectors, **rules)
    assert plain[:, 0].tolist() == list(range(len(vectors)))
    ours, weights = hard_negatives(vectors, vectors, **rules, edit_groups=groups, candidate_groups=groups)
    own = torch.from_numpy(ours) == torch.arange(len(vectors))[:, None]
    assert torch.from_numpy(weights)[own].sum() == 0

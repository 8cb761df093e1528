"""The data rules against the reference's: VitaminC, ConvSent, sampling of batches, hard negatives.

Random streams differ, so what is compared is structure: which records are kept, which rows can be drawn, how often.
Where this project differs on purpose the test states both behaviours.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from serac.editors.training_batches import draw_batch
from serac.evaluation.batches import make_batches
from serac.problems import convsent, fc, vitaminc
from serac.problems.convsent import ConvSentSettings
from serac.problems.fc import FcSettings
from serac.problems.neighbours import hard_negatives
from serac.problems.splits import SplitReport
from serac.records import Edit, EditExample, Query

from .vectors import (
    Case,
    assert_all_compared,
    assert_close,
    claim,
    claimed_by,
    close,
    count_of,
    forms,
    hyperparameters,
    load_case,
    without_counts,
)

VITAMINC = claim(__name__, "data_vitaminc")
SENTIMENT = claim(__name__, "data_sentiment")
SAMPLER = claim(__name__, "data_sampler")
NEIGHBOURS = claim(__name__, "hard_negatives")
VITAMINC_DRAWS = {
    "kept", "keep_probability", "mutex_keys", "batch_size", "seeded_batches", "label_frequencies",
    "record_frequencies", "out_of_scope_kinds",
}  # fmt: skip
SENTIMENT_DRAWS = {"seeded_batches", "first_edit_label_freq", "template_frequencies"}
SAMPLER_DRAWS = {"n", "batch", "batches", "edits_before_first_restart"}


# --- VitaminC ------------------------------------------------------------------------------------
class VitaminC:
    """One split of a VitaminC case: the reference's draws, and the claims that ours keeps."""

    def __init__(self, name: str, split: str) -> None:
        folder, self.split = load_case(name).folder, split
        self.counted = load_case(name).json("draws.json")[split]
        self.drawn = without_counts(self.counted)
        claims = vitaminc.read_claims(folder / f"{split}.jsonl", FcSettings())
        self.kept = [claim for claim in claims if vitaminc.fault(claim, FcSettings()) is None]

    @property
    def batches(self) -> Iterator[list[vitaminc.Claim]]:
        """Batches by the reference's rules, from the claims that ours chooses for a pass."""
        rng, size = random.Random(0), self.drawn["batch_size"]
        while True:
            chosen = self.kept if self.split == "test" else fc.balanced(self.kept, rng, SplitReport())
            left = rng.sample(chosen, len(chosen))
            while True:
                batch: dict[str, vitaminc.Claim] = {}
                while left and len(batch) < size:
                    claim = left.pop()
                    batch.setdefault(claim.page, claim)
                if not left:
                    break
                yield list(batch.values())


@pytest.fixture(
    params=[(name, split) for name in VITAMINC for split in load_case(name).json("draws.json")], ids="/".join
)
def vitaminc_split(request: pytest.FixtureRequest) -> VitaminC:
    return VitaminC(*request.param)


def test_vitaminc_draws_are_all_compared(vitaminc_split: VitaminC) -> None:
    assert set(vitaminc_split.drawn) == VITAMINC_DRAWS


def test_vitaminc_keeps_the_same_records(vitaminc_split: VitaminC) -> None:
    kept = sorted(f"{claim.page} | {claim.claim}" for claim in vitaminc_split.kept)
    assert kept == sorted(vitaminc_split.drawn["kept"])


def test_vitaminc_balances_with_the_same_probabilities(vitaminc_split: VitaminC) -> None:
    ours, reference = (
        fc.keep_probabilities(claim.label for claim in vitaminc_split.kept),
        vitaminc_split.drawn["keep_probability"],
    )
    assert (reference is None) == (vitaminc_split.split == "test")
    assert reference is None or ours == pytest.approx(reference)


def test_vitaminc_shares_of_records_labels_and_kinds(vitaminc_split: VitaminC) -> None:
    count = count_of(vitaminc_split.counted, "record_frequencies")
    claims = [claim for batch in islice(vitaminc_split.batches, count) for claim in batch]
    kinds = {True: "own neutral claim", False: "claim of another page"}
    shares = {
        "label_frequencies": Counter(claim.label for claim in claims),
        "record_frequencies": Counter(f"{claim.page} | {claim.claim}" for claim in claims),
        "out_of_scope_kinds": Counter(kinds[claim.label == vitaminc.NEUTRAL] for claim in claims),
    }
    for quantity, ours in shares.items():
        reference = vitaminc_split.drawn[quantity]
        for key in {*ours, *reference}:
            assert close(ours[key] / len(claims), reference.get(key, 0.0), count), key


@pytest.mark.parametrize("name", VITAMINC)
def test_vitaminc_balances_training_only(name: str, tmp_path: Path) -> None:
    (tmp_path / "vitaminc").mkdir()
    for split in ("train", "dev", "test"):
        source = load_case(name).folder / ("test.jsonl" if split == "test" else "train.jsonl")
        shutil.copy(source, tmp_path / "vitaminc" / f"{split}.jsonl")
    report = fc.prepare(tmp_path, FcSettings(), None, 0).report
    assert "balance" in report.splits["train"].dropped
    assert "balance" not in report.splits["test"].dropped


def test_vitaminc_batches_hold_rows_that_ours_allow(vitaminc_split: VitaminC) -> None:
    claims = vitaminc_split.kept
    examples = {
        (each.group, each.edit.input): each for each in fc.edits_of(claims, fc.FcSettings(other_page=len(claims)), "0")
    }
    for batch in vitaminc_split.drawn["seeded_batches"]:
        edits = [examples[key] for key in zip(batch["pages"], batch["edit_input"], strict=True)]
        assert {example.edit.label for example in edits} == {""}
        pairs = zip(batch["pos_pairs"], batch["in_scope_input"], batch["in_scope_label"], strict=True)
        for (_, edit), text, (label,) in pairs:
            assert (text, str(label)) in {(query.input, query.label) for query in edits[edit].in_scope}
        outside = zip(
            edits, batch["out_of_scope_input"], batch["out_of_scope_pages"], batch["hard_negative"], strict=True
        )
        for example, text, page, hard in outside:
            kind = "neutral" if hard else "other_page"
            allowed = {(query.input, query.hard, query.about) for query in example.out_of_scope if query.kind == kind}
            assert (text, hard, "" if hard else page) in allowed


def test_vitaminc_pages_exclude_one_another_when_equal(vitaminc_split: VitaminC) -> None:
    """The reference compares quoted names, so one page's key never lies in another's: in effect, equality, as ours."""
    groups = {example.group for example in fc.edits_of(vitaminc_split.kept, fc.FcSettings(other_page=0), "0")}
    keys = vitaminc_split.drawn["mutex_keys"]
    assert {ascii(group) for group in groups} == set(keys)
    assert not any(key in other for key in keys for other in keys if key != other)


# --- ConvSent ------------------------------------------------------------------------------------
@pytest.fixture(params=SENTIMENT)
def sentiment_case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


def sentiment_draws(case: Case) -> list[dict[str, Any]]:
    """Draws in every mode of sampling; the reference's batch is the same in all of them."""
    return [value for key, value in case.json("draws.json").items() if key != "templates"]


def sentiment_batches(case: Case) -> list[dict[str, Any]]:
    return [batch for draws in sentiment_draws(case) for batch in without_counts(draws)["seeded_batches"]]


def sentiment_topics(case: Case) -> list[convsent.Topic]:
    (file,) = case.folder.glob("blender_*.json")
    return convsent.read_topics(file)


def test_sentiment_draws_are_all_compared(sentiment_case: Case) -> None:
    assert sentiment_draws(sentiment_case)
    assert all(set(without_counts(draws)) == SENTIMENT_DRAWS for draws in sentiment_draws(sentiment_case))


def test_sentiment_templates(sentiment_case: Case) -> None:
    assert list(convsent.TEMPLATES) == sentiment_case.json("draws.json")["templates"]


def test_sentiment_batches_hold_all_completions_in_our_order(sentiment_case: Case) -> None:
    topics = {topic.ent: topic for topic in sentiment_topics(sentiment_case)}
    for batch in sentiment_batches(sentiment_case):
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
    topics = sentiment_topics(sentiment_case)
    questions = {template.format(topic.ent): topic.ent for topic in topics for template in convsent.TEMPLATES}
    for batch in sentiment_batches(sentiment_case):
        edited = {text for text, _ in batch["edit"]}
        assert not edited & {text for text, _ in batch["out_of_scope"]}
        assert all(text.startswith("Topic: ") for text, _ in batch["out_of_scope"])
    for example in convsent.edits_of(topics, None, ConvSentSettings(), 20, "0"):
        assert example.out_of_scope
        for query in example.out_of_scope:
            assert questions[query.input] == query.about != example.group


def test_sentiment_frequencies(sentiment_case: Case) -> None:
    topics = sentiment_topics(sentiment_case)
    examples = convsent.edits_of(topics, None, ConvSentSettings(), 400, "0")
    templates = {template.format(topic.ent): template for topic in topics for template in convsent.TEMPLATES}
    used = Counter(templates[query.input] for example in examples for query in example.in_scope)
    labels = Counter(example.edit.label for example in examples)
    for counted in sentiment_draws(sentiment_case):
        draws, count = without_counts(counted), min(count_of(counted, "first_edit_label_freq"), len(examples))
        rows = min(len(batch["in_scope"]) for batch in draws["seeded_batches"])
        for template, frequency in draws["template_frequencies"].items():
            assert close(used[template] / used.total(), frequency, min(count * rows, used.total())), template
        for label, frequency in draws["first_edit_label_freq"].items():
            assert close(labels[label] / labels.total(), frequency, count), label


# --- batches of edits ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", SAMPLER)
def test_sampler_reference_keeps_back_the_last_full_batch_ours_does_not(name: str) -> None:
    for run in load_case(name).json("draws.json"):
        assert set(run) == SAMPLER_DRAWS
        n, size, first_pass = run["n"], run["batch"], run["edits_before_first_restart"]
        full = n // size * size
        assert first_pass == (full - size if full == n and n > size else full)
        listed = run["batches"][: first_pass // size]
        assert len({edit for batch in listed for edit in batch["edit"]}) == size * len(listed)

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
@pytest.mark.parametrize(("name", "key"), forms(NEIGHBOURS))
def test_hard_negatives(name: str, key: str) -> None:
    case = load_case(name)
    rules = dict(hyperparameters(case, "n_edit", "n_loc", "dim")[key])
    candidates = case.inputs[rules.pop("candidates").split()[0]]
    indices, probabilities = hard_negatives(case.inputs["edit_embeddings"].numpy(), candidates.numpy(), **rules)
    assert_close(case, f"{key}.indices", torch.from_numpy(indices))
    assert_close(case, f"{key}.probs", torch.from_numpy(probabilities))
    torch.testing.assert_close(torch.from_numpy(probabilities).sum(dim=1), torch.ones(len(indices)))


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_hard_negatives_of_the_same_group_the_reference_draws_ours_does_not(name: str) -> None:
    vectors = load_case(name).inputs["edit_embeddings"].numpy()
    groups = [str(row) for row in range(len(vectors))]
    rules: dict[str, Any] = {"num_neighbors": len(vectors), "num_exclude": 0, "temperature": 0.1}
    plain, _ = hard_negatives(vectors, vectors, **rules)
    assert plain[:, 0].tolist() == list(range(len(vectors)))
    ours, weights = hard_negatives(vectors, vectors, **rules, edit_groups=groups, candidate_groups=groups)
    own = torch.from_numpy(ours) == torch.arange(len(vectors))[:, None]
    assert torch.from_numpy(weights)[own].sum() == 0


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)

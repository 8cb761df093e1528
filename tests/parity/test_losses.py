"""Losses and exact-match measures agree with the reference; its deliberate exceptions are tested at the end."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from serac.tasks import losses

from .vectors import Case, assert_all_compared, assert_close, claim, claimed_by, load_case

EDIT_NLL = claim(__name__, "losses_edit_nll")
LOCALITY = claim(__name__, "losses_locality")
SENTIMENT = claim(__name__, "losses_sentiment")
LOCALITY_MEASURES = {
    "kl_seq": losses.sequence_kl,
    "kl_bin": lambda before, after, _: losses.binary_kl(before, after),
    "retain_seq": losses.unchanged_sequences,
    "retain_bin": lambda before, after, _: losses.unchanged_verdicts(before, after),
}
WITH_UNLIKELIHOOD = {"unlikelihood": True, "plain": False}


def given(names: list[str], part: str, quantity: str) -> list[tuple[str, str]]:
    """Case and form of every tensor ``{form}.{quantity}`` in the ``inputs`` or the ``expected`` of the cases."""
    keys = [(name, key) for name in names for key in getattr(load_case(name), part)]
    return [(name, key.removesuffix(f".{quantity}")) for name, key in keys if key.endswith(f".{quantity}")]


@pytest.mark.parametrize(("name", "form"), given(EDIT_NLL, "inputs", "logits"))
def test_edit_nll(name: str, form: str) -> None:
    case = load_case(name)
    logits, labels = case.inputs[f"{form}.logits"].requires_grad_(), case.inputs[f"{form}.labels"]
    if form.startswith("binary"):
        nll, match, tokens = losses.binary_nll(logits, labels), losses.binary_match(logits, labels), len(labels)
        prob = losses.verdict_log_probs(logits, labels).exp().mean()
    else:
        aligned, targets = losses.shift_for_causal(logits, labels) if form.startswith("causal") else (logits, labels)
        nll, match = losses.sequence_nll(aligned, targets), losses.exact_match(aligned, targets)
        prob, tokens = (-nll).exp(), int((targets != losses.IGNORED).sum())
    assert_close(case, f"{form}.nll", nll)
    assert_close(case, f"{form}.log_prob", -nll)
    assert_close(case, f"{form}.prob", prob)
    assert_close(case, f"{form}.acc", match.float().mean())
    assert_close(case, f"{form}.n_tokens", torch.tensor(tokens))
    if f"{form}.acc_per_item" in case.expected:
        assert_close(case, f"{form}.acc_per_item", match)
    if f"{form}.grad" in case.expected:
        assert_close(case, f"{form}.grad", torch.autograd.grad(nll, logits)[0])


@pytest.mark.parametrize(("name", "form"), given(LOCALITY, "inputs", "pre"))
def test_divergence_and_retain_rate(name: str, form: str) -> None:
    case = load_case(name)
    before, after, mask = (case.inputs[f"{form}.pre"], case.inputs[f"{form}.post"], case.inputs.get(f"{form}.mask"))
    after.requires_grad_()
    kind = re.match("[a-z]+_[a-z]+", form)
    assert kind, f"{name}: {form} is none of {list(LOCALITY_MEASURES)}"
    measure: Callable[..., Tensor] = LOCALITY_MEASURES[kind[0]]
    value = measure(before, after, mask).float().mean()
    assert_close(case, f"{form}.value", value)
    if f"{form}.grad_post" in case.expected:
        assert_close(case, f"{form}.grad_post", torch.autograd.grad(value, after)[0])


@pytest.mark.parametrize(("name", "form"), given(LOCALITY, "inputs", "log_p"))
def test_balanced_bce(name: str, form: str) -> None:
    case = load_case(name)
    log_p = case.inputs[f"{form}.log_p"].requires_grad_()
    labels = case.inputs[f"{form}.labels" if f"{form}.labels" in case.inputs else "bce.labels"]
    value = losses.balanced_bce(log_p, labels)
    assert_close(case, f"{form}.value", value)
    if f"{form}.grad" in case.expected:
        assert_close(case, f"{form}.grad", torch.autograd.grad(value, log_p)[0])


@pytest.mark.parametrize("name", LOCALITY)
def test_balanced_bce_of_one_class(name: str) -> None:
    case = load_case(name)
    log_p = case.inputs["bce2.log_p"]
    assert_close(case, "bce_only_pos.value", losses.balanced_bce(log_p, torch.ones_like(log_p)))
    assert_close(case, "bce_only_neg.value", losses.balanced_bce(log_p, torch.zeros_like(log_p)))


@pytest.mark.parametrize(("name", "form"), given(SENTIMENT, "expected", "nll"))
def test_sentiment_nll(name: str, form: str) -> None:
    case = load_case(name)
    logits, labels, wanted = case.inputs["cf"].requires_grad_(), case.inputs["labels"], _wanted(case)
    nll = losses.sentiment_nll(logits, labels, wanted, unlikelihood=WITH_UNLIKELIHOOD[form])
    wanted_log_prob = _pooled(logits, labels, wanted)
    assert_close(case, f"{form}.nll", nll)
    assert_close(case, f"{form}.log_prob", wanted_log_prob)
    assert_close(case, f"{form}.prob", wanted_log_prob.exp())
    assert_close(case, f"{form}.acc", losses.exact_match(logits, labels).float().mean())
    assert_close(case, f"{form}.n_tokens", (labels[wanted] != losses.IGNORED).sum())
    assert_close(case, f"{form}.grad", torch.autograd.grad(nll, logits)[0])


@pytest.mark.parametrize(("name", "direction"), given(SENTIMENT, "inputs", "post"))
def test_sentiment_success(name: str, direction: str) -> None:
    case = load_case(name)
    post, labels, wanted = case.inputs[f"{direction}.post"], case.inputs["labels"], _wanted(case)
    good, bad = _pooled(post, labels, wanted), _pooled(post, labels, ~wanted)
    result = losses.sentiment_success(good, bad, _pooled(case.inputs["pre"], labels, wanted))
    assert_close(case, f"{direction}.acc_sent", torch.tensor(result.value))
    assert_close(case, f"{direction}.z_sent", torch.tensor(result.sentiment))
    assert_close(case, f"{direction}.z_topic_raw", torch.tensor(result.topic))
    assert_close(case, f"{direction}.z_topic", torch.tensor(min(1.0, result.topic)))
    assert_close(case, f"{direction}.correct_probs", good)
    assert_close(case, f"{direction}.wrong_probs", bad)


@pytest.mark.parametrize("name", SENTIMENT)
def test_a_missing_sentiment_adds_nothing_where_the_reference_is_nan(name: str) -> None:
    case = load_case(name)
    logits, labels = case.inputs["cf"], case.inputs["labels"]
    everything = torch.ones(len(labels), dtype=torch.bool)
    ours = losses.sentiment_nll(logits, labels, everything)
    torch.testing.assert_close(ours, losses.sequence_nll(logits, labels))
    unwanted_tokens = losses.token_log_probs(logits, labels)[~everything]
    assert unwanted_tokens.mean().isnan(), "the reference's mean over no tokens"


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)


def _wanted(case: Case) -> Tensor:
    return case.inputs["inner_sent"] == case.inputs["outer_sent"]


def _pooled(logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
    return -losses.sequence_nll(logits[rows], labels[rows])

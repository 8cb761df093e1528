"""Losses and exact-match measures agree with the reference; its deliberate exceptions are tested at the end."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from serac.tasks import losses

from .vectors import Case, assert_close, claim, load_case

claim(__name__, "losses_edit_nll", "losses_locality", "losses_sentiment")


@pytest.fixture(scope="module")
def edit_nll() -> Case:
    return load_case("losses_edit_nll")


@pytest.fixture(scope="module")
def locality() -> Case:
    return load_case("losses_locality")


@pytest.fixture(scope="module")
def sentiment() -> Case:
    return load_case("losses_sentiment")


@pytest.mark.parametrize("kind", ["seq2seq", "causal", "class2d"])
def test_sequence_nll(edit_nll: Case, kind: str) -> None:
    logits, labels = edit_nll.inputs[f"{kind}.logits"].requires_grad_(), edit_nll.inputs[f"{kind}.labels"]
    aligned, targets = losses.shift_for_causal(logits, labels) if kind == "causal" else (logits, labels)
    nll, match = losses.sequence_nll(aligned, targets), losses.exact_match(aligned, targets)
    assert_close(edit_nll, f"{kind}.nll", nll)
    assert_close(edit_nll, f"{kind}.log_prob", -nll)
    assert_close(edit_nll, f"{kind}.prob", (-nll).exp())
    assert_close(edit_nll, f"{kind}.acc", match.float().mean())
    assert_close(edit_nll, f"{kind}.n_tokens", (targets != losses.IGNORED).sum())
    if f"{kind}.acc_per_item" in edit_nll.expected:
        assert_close(edit_nll, f"{kind}.acc_per_item", match)
    if f"{kind}.grad" in edit_nll.expected:
        assert_close(edit_nll, f"{kind}.grad", torch.autograd.grad(nll, logits)[0])


def test_binary_nll(edit_nll: Case) -> None:
    logits, labels = edit_nll.inputs["binary.logits"].requires_grad_(), edit_nll.inputs["binary.labels"]
    nll, match = losses.binary_nll(logits, labels), losses.binary_match(logits, labels)
    assert_close(edit_nll, "binary.nll", nll)
    assert_close(edit_nll, "binary.log_prob", -nll)
    assert_close(edit_nll, "binary.prob", losses.verdict_log_probs(logits, labels).exp().mean())
    assert_close(edit_nll, "binary.acc", match.float().mean())
    assert_close(edit_nll, "binary.n_tokens", torch.tensor(len(labels)))
    assert_close(edit_nll, "binary.acc_per_item", match)
    assert_close(edit_nll, "binary.grad", torch.autograd.grad(nll, logits)[0])


def test_sequence_kl(locality: Case) -> None:
    before, after, mask = (locality.inputs[f"kl_seq.{name}"] for name in ("pre", "post", "mask"))
    value = losses.sequence_kl(before, after.requires_grad_(), mask)
    assert_close(locality, "kl_seq.value", value)
    assert_close(locality, "kl_seq.grad_post", torch.autograd.grad(value, after)[0])


def test_binary_kl(locality: Case) -> None:
    assert_close(
        locality, "kl_bin.value", losses.binary_kl(locality.inputs["kl_bin.pre"], locality.inputs["kl_bin.post"])
    )


def test_balanced_bce(locality: Case) -> None:
    labels, log_p = locality.inputs["bce.labels"], locality.inputs["bce2.log_p"].requires_grad_()
    assert_close(locality, "bce.value", losses.balanced_bce(locality.inputs["bce.log_p"], labels))
    value = losses.balanced_bce(log_p, labels)
    assert_close(locality, "bce2.value", value)
    assert_close(locality, "bce2.grad", torch.autograd.grad(value, log_p)[0])
    assert_close(locality, "bce_only_pos.value", losses.balanced_bce(log_p, torch.ones_like(labels)))
    assert_close(locality, "bce_only_neg.value", losses.balanced_bce(log_p, torch.zeros_like(labels)))


def test_retain_rates(locality: Case) -> None:
    before, after, mask = (locality.inputs[f"retain_seq.{name}"] for name in ("pre", "post", "mask"))
    assert_close(locality, "retain_seq.value", losses.unchanged_sequences(before, after, mask).float().mean())
    before, after = (locality.inputs[f"retain_bin.{name}"] for name in ("pre", "post"))
    assert_close(locality, "retain_bin.value", losses.unchanged_verdicts(before, after).float().mean())


@pytest.mark.parametrize("form", ["unlikelihood", "plain"])
def test_sentiment_nll(sentiment: Case, form: str) -> None:
    logits, labels, wanted = sentiment.inputs["cf"].requires_grad_(), sentiment.inputs["labels"], _wanted(sentiment)
    nll = losses.sentiment_nll(logits, labels, wanted, unlikelihood=form == "unlikelihood")
    wanted_log_prob = _pooled(logits, labels, wanted)
    assert_close(sentiment, f"{form}.nll", nll)
    assert_close(sentiment, f"{form}.log_prob", wanted_log_prob)
    assert_close(sentiment, f"{form}.prob", wanted_log_prob.exp())
    assert_close(sentiment, f"{form}.acc", losses.exact_match(logits, labels).float().mean())
    assert_close(sentiment, f"{form}.n_tokens", (labels[wanted] != losses.IGNORED).sum())
    assert_close(sentiment, f"{form}.grad", torch.autograd.grad(nll, logits)[0])


@pytest.mark.parametrize("direction", ["up", "down"])
def test_sentiment_success(sentiment: Case, direction: str) -> None:
    post, labels, wanted = sentiment.inputs[f"{direction}.post"], sentiment.inputs["labels"], _wanted(sentiment)
    good, bad = _pooled(post, labels, wanted), _pooled(post, labels, ~wanted)
    result = losses.sentiment_success(good, bad, _pooled(sentiment.inputs["pre"], labels, wanted))
    assert_close(sentiment, f"{direction}.acc_sent", torch.tensor(result.value))
    assert_close(sentiment, f"{direction}.z_sent", torch.tensor(result.sentiment))
    assert_close(sentiment, f"{direction}.z_topic_raw", torch.tensor(result.topic))
    assert_close(sentiment, f"{direction}.z_topic", torch.tensor(min(1.0, result.topic)))
    assert_close(sentiment, f"{direction}.correct_probs", good)
    assert_close(sentiment, f"{direction}.wrong_probs", bad)


def test_a_missing_sentiment_adds_nothing_where_the_reference_is_nan(sentiment: Case) -> None:
    logits, labels = sentiment.inputs["cf"].detach(), sentiment.inputs["labels"]
    everything = torch.ones(len(labels), dtype=torch.bool)
    ours = losses.sentiment_nll(logits, labels, everything)
    torch.testing.assert_close(ours, losses.sequence_nll(logits, labels))
    unwanted_tokens = losses.token_log_probs(logits, labels)[~everything]
    assert unwanted_tokens.mean().isnan(), "the reference's mean over no tokens"


def _wanted(case: Case) -> Tensor:
    return case.inputs["inner_sent"] == case.inputs["outer_sent"]


def _pooled(logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
    return -losses.sequence_nll(logits[rows], labels[rows])

"""SERAC agrees with the reference in training: losses, gradients, logged measures; supervised and on sentiment."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from serac.editors.serac.training import counterfactual_loss, scope_loss, scope_pairs
from serac.tasks import losses

from .serac_models import Parts, gradients
from .vectors import Case, assert_all_compared, assert_close, claim, claimed_by, load_case, tolerance

TRAIN = claim(__name__, "serac_train_")
SENTIMENT = claim(__name__, "serac_sentiment_")


@pytest.mark.parametrize("name", TRAIN)
def test_training_step(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    weights = parts.hyperparameters
    drawn = parts.drawn(all_negatives=weights["use_all_negatives"])
    parts.classifier.train()
    parts.counterfactual.train()
    scope = scope_loss(parts.classifier, scope_pairs(drawn))
    answer = counterfactual_loss(parts.counterfactual, drawn)
    total = weights["cedit"] * answer + weights["cloc"] * scope
    assert_close(case, "loss.classifier", scope)
    assert_close(case, "loss.counterfactual", answer)
    assert_close(case, "loss.total", total)
    total.backward()
    for part, module in (("classifier", parts.classifier.encoder), ("counterfactual", parts.counterfactual.model)):
        found = gradients(case, part, module)
        for key, gradient in found:
            assert_close(case, key, gradient)
        norm = torch.stack([gradient.norm() for _, gradient in found]).norm()
        assert_close(case, f"grad_norm.{part}", norm)
    assert all(parameter.grad is None for parameter in parts.base.parameters())


@pytest.mark.parametrize("name", TRAIN)
def test_training_statistics(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    drawn = scope_pairs(parts.drawn(all_negatives=parts.hyperparameters["use_all_negatives"]))
    beta = parts.classifier.score_pairs(drawn.pairs).exp()
    right = (beta > 0.5) == (drawn.labels == 1)
    inside, outside = right[: drawn.positives].float().mean(), right[drawn.positives :].float().mean()
    assert_close(case, "info.cls/pos_acc", inside)
    assert_close(case, "info.cls/neg_acc", outside)
    assert_close(case, "info.cls/acc", (inside + outside) / 2)
    gold_texts = [parts.edits[place] for place in parts.gold], parts.texts("outer")
    labels = case.inputs["outer.labels"]
    shown = {} if parts.task.name == "binary" else {"labels": labels}
    assert_answer_statistics(case, "info.cntr", parts.counterfactual(*gold_texts, **shown).logits, labels)
    edited = parts.serac(**parts.batch("outer")).logits
    assert_close(case, "info.sims/mean_edit", parts.serac.routing()["beta"].mean())
    assert_answer_statistics(case, "edit", edited, labels)
    assert_close(case, "edit.nll", parts.task.edit_loss(edited, {"labels": labels}))
    assert_locality(case, parts)


@pytest.mark.parametrize("name", TRAIN)
def test_all_pairs_of_ours_are_the_references_all_negatives_and_inputs_in_scope_with_other_edits(name: str) -> None:
    parts = Parts(load_case(name))
    ours = scope_pairs(parts.drawn(), use_all_pairs=True)
    reference = scope_pairs(parts.drawn(all_negatives=True))
    inside, negatives = reference.pairs[: reference.positives], reference.pairs[reference.positives :]
    foreign = ours.pairs[len(inside) : -len(negatives)]
    assert ours.pairs == [*inside, *foreign, *negatives]
    assert len(negatives) == len(parts.texts("loc")) * len(parts.edits)
    assert Counter(foreign) == Counter((edit, text) for own, text in inside for edit in parts.edits if edit != own)


@pytest.mark.parametrize("name", SENTIMENT)
def test_sentiment(name: str) -> None:
    """The reference can do without unlikelihood; the loss of ours always has it."""
    case = load_case(name)
    parts = Parts(case)
    entries = [parts.classifier.entry(edit) for edit in parts.edits]
    calls = case.meta["texts"]["classifier_calls"]
    assert [entries, parts.texts("outer"), entries, parts.texts("loc")] == calls
    assert_close(case, "log_sim", parts.classifier.log_similarity(parts.edits, parts.texts("outer")))
    drawn, weights = parts.drawn(), parts.hyperparameters
    scope = scope_loss(parts.classifier, scope_pairs(drawn))
    assert_close(case, "loss.classifier", scope)
    gold = parts.counterfactual(
        [parts.edits[place] for place in parts.gold], parts.texts("outer"), **parts.batch("outer", "labels")
    ).logits
    assert_close(case, "gold_logits", gold)
    labels, wanted = case.inputs["outer.labels"], torch.tensor([query.wanted for query in drawn.in_scope])
    answer = losses.sentiment_nll(gold, labels, wanted, unlikelihood=weights["unlikelihood"])
    assert_close(case, "loss.counterfactual", answer)
    assert_close(case, "loss.total", weights["cedit"] * answer + weights["cloc"] * scope)
    ours = counterfactual_loss(parts.counterfactual, drawn)
    torch.testing.assert_close(
        ours, losses.sentiment_nll(gold, labels, wanted), **tolerance(case, "loss.counterfactual")
    )
    assert_close(case, "info.cntr/log_prob", -losses.sentiment_nll(gold, labels, wanted, unlikelihood=False))
    recall = (parts.classifier.score_pairs(scope_pairs(drawn).pairs).exp() > 0.5) == (scope_pairs(drawn).labels == 1)
    halves = recall[: len(drawn.in_scope)], recall[len(drawn.in_scope) :]
    assert_close(case, "info.cls/acc", torch.stack([half.float().mean() for half in halves]).mean())


@pytest.mark.parametrize("name", SENTIMENT)
def test_sentiment_routing(name: str) -> None:
    """The reference shows its base model unshifted labels; ours shifts them for both models."""
    case = load_case(name)
    parts = Parts(case)
    ours = parts.serac(**parts.batch("outer")).logits
    routing = parts.serac.routing()
    assert_close(case, "sim_max", routing["beta"])
    assert_close(case, "sim_argmax", routing["index"])
    routed = routing["routed"]
    shifted = parts.base(**parts.batch("outer")).logits
    torch.testing.assert_close(ours[~routed], shifted[~routed], **tolerance(case, "hard_logits"))
    unshifted = unshifted_base(parts, "outer")
    assert_close(case, "base_logits", unshifted)
    assert_close(case, "hard_logits", torch.where(routed[:, None, None], ours, unshifted))
    assert not torch.allclose(shifted, unshifted, atol=1e-3)


@pytest.mark.parametrize("name", SENTIMENT)
def test_sentiment_measures(name: str) -> None:
    case = load_case(name)
    labels = case.inputs["outer.labels"]
    wanted = case.inputs["inner_sent"] == case.inputs["outer_sent"]
    before, after = (losses.token_log_probs(case.expected[key], labels) for key in ("base_logits", "hard_logits"))
    counted = labels != losses.IGNORED

    def mean(values: Tensor, rows: Tensor) -> Tensor:
        return losses.masked_mean(values, counted & rows[:, None])

    good, bad, base = mean(after, wanted), mean(after, ~wanted), mean(before, wanted)
    score = losses.sentiment_success(good, bad, base)
    assert_close(case, "edit.acc_sent", torch.tensor(score.value))
    assert_close(case, "edit.z_sent", torch.tensor(score.sentiment))
    assert_close(case, "edit.z_topic_raw", torch.tensor(score.topic))
    assert_close(case, "edit.z_topic", torch.tensor(min(1.0, score.topic)))
    assert_close(case, "edit.correct_probs", good)
    assert_close(case, "edit.wrong_probs", bad)
    hard = case.expected["hard_logits"]
    unlikelihood = case.meta["hyperparameters"]["unlikelihood"]
    assert_close(case, "edit.nll", losses.sentiment_nll(hard, labels, wanted, unlikelihood=unlikelihood))
    assert_close(case, "edit.log_prob", -losses.sentiment_nll(hard, labels, wanted, unlikelihood=False))
    assert_close(case, "edit.acc", losses.exact_match(hard, labels).float().mean())
    assert_locality(case, Parts(case), unshifted=True)


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)


def assert_answer_statistics(case: Case, prefix: str, logits: Tensor, labels: Tensor) -> None:
    """Accuracy, mean log-probability and probability; the latter is exp(mean) for sequences, mean(exp) for verdicts."""
    separator = "." if prefix == "edit" else "/"
    if logits.dim() == 2:
        log_probs = losses.verdict_log_probs(logits, labels)
        accuracy, log_prob, prob = losses.binary_match(logits, labels), log_probs.mean(), log_probs.exp().mean()
    else:
        log_prob = -losses.sequence_nll(logits, labels)
        accuracy, prob = losses.exact_match(logits, labels), log_prob.exp()
    assert_close(case, f"{prefix}{separator}acc", accuracy.float().mean())
    assert_close(case, f"{prefix}{separator}log_prob", log_prob)
    assert_close(case, f"{prefix}{separator}prob", prob)


def assert_locality(case: Case, parts: Parts, *, unshifted: bool = False) -> None:
    """KL and retain rate of the out-of-scope batch before and after the edit."""
    if unshifted:
        before = unshifted_base(parts, "loc")
        edited = parts.serac(**parts.batch("loc")).logits
        after = torch.where(parts.serac.routing()["routed"][:, None, None], edited, before)
    else:
        before, after = parts.base(**parts.batch("loc")).logits, parts.serac(**parts.batch("loc")).logits
        assert_close(case, "info.sims/mean_loc", parts.serac.routing()["beta"].mean())
    if parts.task.name == "binary":
        kl, kept = losses.binary_kl(before, after), losses.unchanged_verdicts(before, after)
    else:
        mask = case.inputs["loc.decoder_attention_mask"]
        kl, kept = losses.sequence_kl(before, after, mask), losses.unchanged_sequences(before, after, mask)
    assert_close(case, "info.kl/edit", kl)
    assert_close(case, "info.retain/edit", kept.float().mean())


def unshifted_base(parts: Parts, prefix: str) -> Tensor:
    names = ("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask")
    logits: Tensor = parts.base(**parts.batch(prefix, *names)).logits
    return logits

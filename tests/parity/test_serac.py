"""SERAC agrees with the reference: text formats, similarities, routing, losses and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from serac.config.serac import RoutingSettings
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.model import SeracModel
from serac.editors.serac.training import counterfactual_loss, scope_loss, scope_pairs
from serac.records import Edit
from serac.tasks import losses

from .serac_models import Parts, gradients
from .vectors import Case, assert_close, claim, load_case

LOGSIM_EMBED = claim(__name__, "serac_logsim_embed")
LOGSIM_CROSS = claim(__name__, "serac_logsim_cross")
FORWARD = claim(__name__, "serac_forward_")
TRAIN = claim(__name__, "serac_train_")
SENTIMENT = claim(__name__, "serac_sentiment_")


@pytest.mark.parametrize("name", LOGSIM_EMBED)
def test_embeddings_and_distances(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    edits, texts = similarity_texts(case)
    classifier = parts.classifier_with(scale=case.meta["hyperparameters"]["scale"])
    entries = [classifier.entry(edit) for edit in edits]
    assert entries == case.meta["texts"]["classifier_memory_strings"]
    for prefix, strings in (("memory", entries), ("test", texts)):
        encoded = classifier.encode(strings)
        assert torch.equal(encoded["input_ids"], case.inputs[f"{prefix}.input_ids"])
        assert torch.equal(encoded["attention_mask"], case.inputs[f"{prefix}.attention_mask"])
        assert_close(case, f"{prefix}.embedding", classifier.vectors(strings))
    memory = EditMemory(classifier)
    memory.add(edits)
    found = memory.retrieve(texts)
    assert_close(case, "sim_max", found.beta)
    assert_close(case, "sim_argmax", found.index)


@pytest.mark.parametrize("name", LOGSIM_EMBED)
def test_distance_variants(name: str) -> None:
    case = load_case(name)
    parts, scale = Parts(case), case.meta["hyperparameters"]["scale"]
    edits, texts = similarity_texts(case)
    variants = [key.removeprefix("log_sim.") for key in case.expected if key.startswith("log_sim.")]
    assert variants
    for variant in variants:
        classifier = parts.classifier_with(scale=scale, **variant_settings(variant))
        assert_close(case, f"log_sim.{variant}", classifier.log_similarity(edits, texts))
        memory = EditMemory(classifier)
        memory.add(edits)
        found, expected = memory.retrieve(texts), case.expected[f"log_sim.{variant}"].max(1)
        torch.testing.assert_close(found.beta.log(), expected.values, atol=2e-5, rtol=1e-4)
        assert torch.equal(found.index, expected.indices)


def variant_settings(variant: str) -> dict[str, object]:
    """Settings of a variant such as ``heads4_tanh_square``: heads, squashing, then the distance."""
    *options, distance = variant.split("_")
    settings: dict[str, object] = {"distance": distance}
    for option in options:
        if option == "tanh":
            settings["tanh"] = True
        else:
            settings["heads"] = int(option.removeprefix("heads"))
    return settings


@pytest.mark.parametrize("name", LOGSIM_CROSS)
def test_pairs_read_together(name: str) -> None:
    case = load_case(name)
    classifier = Parts(case).classifier
    edits, texts = similarity_texts(case)
    pairs = [(edit, text) for text in texts for edit in edits]
    strings = [classifier.pair_text(pair) for pair in pairs]
    assert strings == case.meta["texts"]["pair_strings"]
    encoded = classifier.encode(strings)
    assert torch.equal(encoded["input_ids"], case.inputs["pair.input_ids"])
    assert torch.equal(encoded["attention_mask"], case.inputs["pair.attention_mask"])
    assert_close(case, "logits", classifier.encoder(**encoded).logits)
    assert_close(case, "log_sim", classifier.log_similarity(edits, texts))
    assert_close(case, "log_sim", classifier.score_pairs(pairs).view(len(texts), len(edits)))


@pytest.mark.parametrize("name", FORWARD)
def test_forward(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    texts = case.meta["texts"]
    assert [edit.input for edit in parts.edits] == texts["memory_inputs_after_detokenize"]
    assert [edit.label for edit in parts.edits] == texts["memory_labels_after_detokenize"]
    assert parts.texts("test") == texts["test_strings_after_detokenize"]
    assert_close(case, "log_sim", parts.classifier.log_similarity(parts.edits, parts.texts("test")))
    hard = parts.serac(**parts.batch("test")).logits
    routing = parts.serac.routing()
    assert_close(case, "sim_max", routing["beta"])
    assert_close(case, "sim_argmax", routing["index"])
    assert_close(case, "stats.sim_mean", routing["beta"].mean())
    # The reference routes at > 0.5 and counts at >= 0.5; both are the same unless beta is exactly 0.5.
    assert_close(case, "stats.frac_ge_half", (routing["beta"] >= 0.5).float().mean())
    assert_close(case, "stats.frac_lt_half", (routing["beta"] < 0.5).float().mean())
    assert torch.equal(routing["routed"], routing["beta"] > case.meta["hyperparameters"]["threshold"])
    base = parts.base(**parts.batch("test")).logits
    assert_close(case, "base_logits", base)
    assert_close(case, "hard_logits", hard)
    empty = SeracModel(parts.base, parts.task, parts.classifier, parts.counterfactual)
    assert torch.equal(empty(**parts.batch("test")).logits, base)


@pytest.mark.parametrize("name", FORWARD)
def test_counterfactual_model_reads_edit_and_input(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    labels = {} if parts.task.name == "binary" else parts.batch("test", "labels")
    retrieved = case.expected["sim_argmax"].tolist()
    for prefix, chosen in (("counterfactual", retrieved), ("gold", parts.gold)):
        edits, texts = [parts.edits[place] for place in chosen], parts.texts("test")
        encoded = parts.counterfactual.encode(edits, texts)
        assert_close(case, f"{prefix}.input_ids", encoded["input_ids"])
        assert_close(case, f"{prefix}.attention_mask", encoded["attention_mask"])
        assert_close(case, f"{prefix}_logits", parts.counterfactual(edits, texts, **labels).logits)


@pytest.mark.parametrize("name", FORWARD)
def test_soft_mixing(name: str) -> None:
    """The reference adds an epsilon inside its logarithm and hands out log-probabilities of verdicts as logits."""
    case = load_case(name)
    parts = Parts(case)
    parts.serac.settings = RoutingSettings(mode="soft")
    ours = parts.serac(**parts.batch("test")).logits
    epsilon = case.meta["hyperparameters"]["eps"]
    if parts.task.name == "binary":
        assert_close(case, "soft_logits", (ours.sigmoid() + epsilon).log())
        beta, base, other = (
            case.expected[key].view(-1, 1) for key in ("sim_max", "base_logits", "counterfactual_logits")
        )
        torch.testing.assert_close(ours.sigmoid(), (1 - beta) * base.sigmoid() + beta * other.sigmoid())
        assert not (case.expected["soft_logits"] > epsilon).any(), "the reference's verdicts are all false"
    else:
        assert_close(case, "soft_logits", (ours.exp() + epsilon).log())
        torch.testing.assert_close(ours.exp().sum(-1), torch.ones(ours.shape[:-1]))


@pytest.mark.parametrize("name", TRAIN)
def test_training_step(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    assert not case.meta["hyperparameters"]["use_all_negatives"]
    drawn, weights = parts.drawn(), case.meta["hyperparameters"]
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
    drawn = scope_pairs(parts.drawn())
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


@pytest.mark.parametrize("name", SENTIMENT)
def test_sentiment(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    entries = [parts.classifier.entry(edit) for edit in parts.edits]
    calls = case.meta["texts"]["classifier_calls"]
    assert [entries, parts.texts("outer"), entries, parts.texts("loc")] == calls
    assert_close(case, "log_sim", parts.classifier.log_similarity(parts.edits, parts.texts("outer")))
    drawn, weights = parts.drawn(), case.meta["hyperparameters"]
    assert weights["unlikelihood"]
    scope = scope_loss(parts.classifier, scope_pairs(drawn))
    answer = counterfactual_loss(parts.counterfactual, drawn)
    assert_close(case, "loss.classifier", scope)
    assert_close(case, "loss.counterfactual", answer)
    assert_close(case, "loss.total", weights["cedit"] * answer + weights["cloc"] * scope)
    gold = parts.counterfactual(
        [parts.edits[place] for place in parts.gold], parts.texts("outer"), **parts.batch("outer", "labels")
    ).logits
    assert_close(case, "gold_logits", gold)
    labels, wanted = case.inputs["outer.labels"], torch.tensor([query.wanted for query in drawn.in_scope])
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
    torch.testing.assert_close(ours[~routed], shifted[~routed])
    torch.testing.assert_close(ours[routed], case.expected["hard_logits"][routed], atol=5e-5, rtol=1e-4)
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
    assert_close(case, "edit.nll", losses.sentiment_nll(hard, labels, wanted))
    assert_close(case, "edit.log_prob", -losses.sentiment_nll(hard, labels, wanted, unlikelihood=False))
    assert_close(case, "edit.acc", losses.exact_match(hard, labels).float().mean())
    assert_locality(case, Parts(case), unshifted=True)


def similarity_texts(case: Case) -> tuple[list[Edit], list[str]]:
    texts = case.meta["texts"]
    pairs = zip(texts["memory_inputs_after_detokenize"], texts["memory_labels_after_detokenize"], strict=True)
    return [Edit(*pair) for pair in pairs], texts["test_strings_after_detokenize"]


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
    return parts.base(**parts.batch(prefix, *names)).logits

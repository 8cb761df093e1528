"""SERAC agrees with the reference: text formats, similarities, retrieval, routing, mixing."""

from __future__ import annotations

import pytest
import torch

from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.memory import EditMemory
from serac.records import Edit

from .serac_models import Parts
from .vectors import Case, assert_all_compared, assert_close, claim, claimed_by, load_case, tolerance

LOGSIM_EMBED = claim(__name__, "serac_logsim_embed")
LOGSIM_CROSS = claim(__name__, "serac_logsim_cross")
FORWARD = claim(__name__, "serac_forward_")


@pytest.mark.parametrize("name", LOGSIM_EMBED)
def test_embeddings_and_distances(name: str) -> None:
    case = load_case(name)
    parts = Parts(case)
    edits, texts = similarity_texts(case)
    classifier = parts.classifier
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
    parts = Parts(case)
    edits, texts = similarity_texts(case)
    variants = [key.removeprefix("log_sim.") for key in case.expected if key.startswith("log_sim.")]
    assert variants
    for variant in variants:
        classifier = parts.classifier_with(**variant_settings(variant))
        assert_close(case, f"log_sim.{variant}", classifier.log_similarity(edits, texts))
        memory = EditMemory(classifier)
        memory.add(edits)
        found, expected = memory.retrieve(texts), case.expected[f"log_sim.{variant}"].max(1)
        torch.testing.assert_close(found.beta, expected.values.exp(), **tolerance(case, "sim_max"))
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
    assert isinstance(classifier, CrossClassifier)
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
    routing, values = parts.serac.routing(), parts.hyperparameters
    assert_close(case, "sim_max", routing["beta"])
    assert_close(case, "sim_argmax", routing["index"])
    assert_close(case, "stats.sim_mean", routing["beta"].mean())
    # The reference routes at > 0.5 and counts at >= 0.5; both are the same unless beta is exactly 0.5.
    assert_close(case, "stats.frac_ge_half", (routing["beta"] >= 0.5).float().mean())
    assert_close(case, "stats.frac_lt_half", (routing["beta"] < 0.5).float().mean())
    assert torch.equal(routing["routed"], routing["beta"] > values["threshold"])
    assert routing["routed"].sum() == values["hits"]
    base = parts.base(**parts.batch("test")).logits
    assert_close(case, "base_logits", base)
    assert_close(case, "hard_logits", hard)
    assert torch.equal(parts.unedited()(**parts.batch("test")).logits, base)


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
    soft = parts.unedited(mode="soft")
    soft.add(parts.edits)
    ours, epsilon = soft(**parts.batch("test")).logits, parts.hyperparameters["eps"]
    if parts.task.name == "binary":
        assert_close(case, "soft_logits", (ours.sigmoid() + epsilon).log())
        beta, base, other = (
            case.expected[key].view(-1, 1) for key in ("sim_max", "base_logits", "counterfactual_logits")
        )
        mixed = (1 - beta) * base.sigmoid() + beta * other.sigmoid()
        torch.testing.assert_close(ours.sigmoid(), mixed, **tolerance(case, "soft_logits"))
        assert not (case.expected["soft_logits"] > epsilon).any(), "the reference's verdicts are all false"
    else:
        assert_close(case, "soft_logits", (ours.exp() + epsilon).log())
        torch.testing.assert_close(ours.exp().sum(-1), torch.ones(ours.shape[:-1]))


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)


def similarity_texts(case: Case) -> tuple[list[Edit], list[str]]:
    texts = case.meta["texts"]
    pairs = zip(texts["memory_inputs_after_detokenize"], texts["memory_labels_after_detokenize"], strict=True)
    return [Edit(*pair) for pair in pairs], texts["test_strings_after_detokenize"]

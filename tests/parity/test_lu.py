"""The lookup cache agrees with the reference when padding is averaged; our own rules differ as stated."""

from __future__ import annotations

import pytest
import torch

from serac.config.editors import LookupCacheSettings
from serac.editors.lu import LookupModel, distances, label_logits, mean_states
from serac.tasks.losses import IGNORED

from .base_models import batch_of, load_base, task_of
from .vectors import Case, assert_all_compared, assert_close, claim, claimed_by, forms, hyperparameters, load_case

CASES = claim(__name__, "lu_")


@pytest.mark.parametrize("name", CASES)
def test_keys_queries_distances(name: str) -> None:
    case = load_case(name)
    model, edit, test = load_base(case), batch_of(case, "edit"), batch_of(case, "test")
    keys = mean_states(model, edit["input_ids"], edit["attention_mask"], mask_padding=False)
    queries = mean_states(model, test["input_ids"], test["attention_mask"], mask_padding=False)
    assert_close(case, "keys", keys)
    assert_close(case, "queries", queries)
    assert_close(case, "distances", distances(queries, keys))


@pytest.mark.parametrize(("name", "form"), forms(CASES))
def test_reference_form(name: str, form: str) -> None:
    case = load_case(name)
    edited = lookup_model(case, form, case.inputs["edit.labels"])
    assert_close(case, f"{form}.after", task_of(edited.base).logits(edited, batch_of(case, "test")))


@pytest.mark.parametrize("name", CASES)
def test_empty_cache_is_the_base_model(name: str) -> None:
    case = load_case(name)
    base = load_base(case)
    edited = LookupModel(base, None, None, LookupCacheSettings())
    logits = task_of(base).logits(edited, batch_of(case, "test"))
    assert_close(case, "before", logits)
    assert torch.equal(logits, task_of(base).logits(base, batch_of(case, "test")))


@pytest.mark.parametrize("name", [name for name in CASES if "padded.after" in load_case(name).expected])
def test_ignored_labels(name: str) -> None:
    """Ours leaves an ignored position at 0; the reference counts -100 from the end of the vocabulary.

    The reference's vectors take the threshold of the form ``mixed`` and a logit of 1.
    """
    case = load_case(name)
    labels, test = case.inputs["padded.edit.labels"], batch_of(case, "test")
    vocabulary = case.expected["padded.after"].shape[-1]
    edited = lookup_model(case, "mixed", labels.where(labels != IGNORED, vocabulary + IGNORED), onehot_logit=1.0)
    task = task_of(edited.base)
    reference = task.logits(edited, test)
    assert_close(case, "padded.after", reference)
    ours = task.logits(lookup_model(case, "mixed", labels, onehot_logit=1.0), test)
    hit, nearest = edited.lookup(test["input_ids"], test["attention_mask"])
    ignored = (hit[:, None] & (labels[nearest][:, : ours.shape[1]] == IGNORED)).nonzero()
    assert torch.equal((ours != reference).nonzero()[:, :2], ignored)
    assert not ours[ignored[:, 0], ignored[:, 1]].any()


@pytest.mark.parametrize("name", CASES)
def test_padding_moves_the_reference_key_and_not_ours(name: str) -> None:
    case = load_case(name)
    model, edit = load_base(case), batch_of(case, "edit")
    ids, mask = edit["input_ids"], edit["attention_mask"]
    longer_ids, longer_mask = (torch.cat([t, torch.zeros_like(t[:, :2])], dim=1) for t in (ids, mask))
    ours, ours_longer = mean_states(model, ids, mask), mean_states(model, longer_ids, longer_mask)
    torch.testing.assert_close(ours_longer, ours, atol=1e-5, rtol=1e-4)
    reference, reference_longer = (
        mean_states(model, ids, mask, False),
        mean_states(model, longer_ids, longer_mask, False),
    )
    assert (reference_longer - reference).norm(dim=-1).min() > 1e-3


def test_label_logits_by_hand() -> None:
    stored = label_logits(torch.tensor([[2, IGNORED], [0, 1]]), torch.ones(2, 3, 4), 5.0)
    assert stored[0].tolist() == [[0, 0, 5, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert stored[1].tolist() == [[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 0]]
    assert label_logits(torch.tensor([[1], [0]]), torch.ones(2, 1), 5.0).tolist() == [[5], [-5]]


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)


def lookup_model(case: Case, form: str, labels: torch.Tensor, **changes: float) -> LookupModel:
    base, edit = load_base(case), batch_of(case, "edit")
    choice = {**hyperparameters(case, "k")[form], **changes}
    settings = LookupCacheSettings(threshold=choice["threshold"], logit=choice["onehot_logit"], mask_padding=False)
    keys = mean_states(base, edit["input_ids"], edit["attention_mask"], mask_padding=False)
    return LookupModel(base, keys, labels, settings)

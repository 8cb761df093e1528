"""Fine-tuning agrees with the reference step by step, except for the update that the reference loses at the cap."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from serac.config.editors import FineTuningSettings
from serac.editors.ft import FineTuned, fine_tune
from serac.editors.weight_edited_model import WeightEditedModel

from .base_models import assert_named_close, batch_of, inputs_by_our_names, load_base, our_name, task_of
from .vectors import Case, assert_all_compared, assert_close, claim, claimed_by, forms, hyperparameters, load_case

FORMS = forms(claim(__name__, "ft_"))
OPTIMIZER = {"optimizer": "RMSprop", "alpha": 0.99, "eps": 1e-8, "momentum": 0}


def forms_that_end(*, converged: bool) -> list[tuple[str, str]]:
    """Forms of which the reference reached, or did not reach, an accuracy of 1."""
    return [
        (name, form) for name, form in FORMS if bool(load_case(name).expected[f"{form}.converged"].item()) == converged
    ]


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_reference_form(name: str, form: str) -> None:
    case = load_case(name)
    result = run(case, form, keep_last_update=False)
    assert_named_close(case, f"{form}.edited", result.weights)
    assert_close(case, f"{form}.loss_history", torch.tensor(result.losses))
    assert_close(case, f"{form}.acc_history", torch.tensor(result.accuracies))
    assert_close(case, f"{form}.n_evaluations", torch.tensor(len(result.losses)))
    assert_close(case, f"{form}.n_optimizer_steps", torch.tensor(result.updates))
    assert_close(case, f"{form}.converged", torch.tensor(result.converged))
    model = load_base(case)
    edited = WeightEditedModel(model, result.weights)
    for batch in ("edit", "outer"):
        assert_close(case, f"{form}.{batch}_logits", task_of(model).logits(edited, batch_of(case, batch)))


@pytest.mark.parametrize(("name", "form"), forms_that_end(converged=False))
def test_our_form_keeps_the_update_made_at_the_cap(name: str, form: str) -> None:
    case = load_case(name)
    reference, ours = (run(case, form, keep_last_update=keep) for keep in (False, True))
    cap = case.meta["hyperparameters"][form]["max_steps"]
    one_more = run(case, form, keep_last_update=False, max_steps=cap + 1)
    assert ours.losses == reference.losses
    for parameter, weight in ours.weights.items():
        assert not torch.equal(weight, reference.weights[parameter])
        assert torch.equal(weight, one_more.weights[parameter])


@pytest.mark.parametrize(("name", "form"), forms_that_end(converged=True))
def test_both_forms_are_the_same_when_they_converge(name: str, form: str) -> None:
    case = load_case(name)
    reference, ours = (run(case, form, keep_last_update=keep).weights for keep in (False, True))
    assert all(torch.equal(ours[parameter], reference[parameter]) for parameter in ours)


@pytest.mark.usefixtures("whole_module")
@pytest.mark.parametrize("name", claimed_by(__name__))
def test_every_expected_tensor_is_compared(name: str) -> None:
    assert_all_compared(name)


def run(case: Case, form: str, **changes: object) -> FineTuned:
    model = load_base(case).requires_grad_(False)
    task, batch = task_of(model), batch_of(case, "edit")
    values = hyperparameters(case, *OPTIMIZER, "inner_params", "grad_clip_total_norm", "lowrank_init_std", "k")
    assert values.items() >= OPTIMIZER.items(), f"{case.name}: fine-tuning is fixed to {OPTIMIZER}"
    settings = FineTuningSettings(
        learning_rate=values[form]["lr"],
        rank=values[form]["rank"],
        clip=values["grad_clip_total_norm"],
        **{"max_steps": values[form]["max_steps"], **changes},
    )

    def evaluate(weights: Mapping[str, Tensor]) -> tuple[Tensor, float]:
        logits = task.logits(WeightEditedModel(model, weights), batch)
        return task.edit_loss(logits, batch), task.correct(logits, batch).float().mean().item()

    names = [our_name(name) for name in values["inner_params"]]
    weights = {name: model.get_parameter(name) for name in names}
    left = inputs_by_our_names(case, f"{form}.u0") if settings.rank else None
    return fine_tune(weights, evaluate, settings, left)

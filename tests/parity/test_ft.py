"""Fine-tuning agrees with the reference step by step, except for the update that the reference loses at the cap."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from serac.config.editors import FineTuningSettings
from serac.editors.ft import FineTuned, fine_tune
from serac.editors.functional import WeightEditedModel

from .base_models import assert_named_close, batch_of, inputs_by_our_names, load_base, our_name, task_of
from .vectors import Case, assert_close, claim, load_case

CASES = claim(__name__, "ft_")


@pytest.mark.parametrize("form", ["full", "capped", "lowrank"])
@pytest.mark.parametrize("name", CASES)
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


@pytest.mark.parametrize("name", CASES)
def test_our_form_keeps_the_update_made_at_the_cap(name: str) -> None:
    case = load_case(name)
    reference, ours = (run(case, "capped", keep_last_update=keep) for keep in (False, True))
    one_more = run(
        case, "capped", keep_last_update=False, max_steps=case.meta["hyperparameters"]["capped"]["max_steps"] + 1
    )
    assert ours.losses == reference.losses
    for parameter, weight in ours.weights.items():
        assert not torch.equal(weight, reference.weights[parameter])
        assert torch.equal(weight, one_more.weights[parameter])


@pytest.mark.parametrize("name", CASES)
def test_both_forms_are_the_same_when_they_converge(name: str) -> None:
    case = load_case(name)
    reference, ours = (run(case, "full", keep_last_update=keep).weights for keep in (False, True))
    assert all(torch.equal(ours[parameter], reference[parameter]) for parameter in ours)


def run(case: Case, form: str, **changes: object) -> FineTuned:
    model = load_base(case).requires_grad_(False)
    task, batch = task_of(model), batch_of(case, "edit")
    hyperparameters = case.meta["hyperparameters"]
    settings = FineTuningSettings(
        learning_rate=hyperparameters[form]["lr"],
        rank=hyperparameters[form]["rank"],
        clip=hyperparameters["grad_clip_total_norm"],
        **{"max_steps": hyperparameters[form]["max_steps"], **changes},
    )

    def evaluate(weights: Mapping[str, Tensor]) -> tuple[Tensor, float]:
        logits = task.logits(WeightEditedModel(model, weights), batch)
        return task.edit_loss(logits, batch), task.correct(logits, batch).float().mean().item()

    names = [our_name(name) for name in hyperparameters["inner_params"]]
    weights = {name: model.get_parameter(name) for name in names}
    left = inputs_by_our_names(case, f"{form}.u0") if settings.rank else None
    return fine_tune(weights, evaluate, settings, left)

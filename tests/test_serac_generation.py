"""Free generation by an edited model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor

import serac_parts
from serac.config.serac import RoutingSettings
from serac.editors.serac.model import SeracModel
from serac.errors import SeracError
from serac_parts import GENERATION, reading
from tiny_models import Tiny


@pytest.fixture(params=serac_parts.KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def soft(tiny: Tiny) -> SeracModel:
    model = serac_parts.serac(tiny, half=False)
    model.settings = RoutingSettings(mode="soft")
    return model


def test_generated_answers_are_each_models_own(tiny_t5: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny_t5, kind)
    said = tiny_t5.task.texts(model.generate(**reading(tiny_t5), **GENERATION))
    routing = model.routing()
    assert 0 < routing["routed"].sum() < len(said)
    base = tiny_t5.task.texts(tiny_t5.model.generate(**reading(tiny_t5), **GENERATION))
    edits = [tiny_t5.edits[place] for place in routing["index"].tolist()]
    answers = model.counterfactual.generate(edits, [query.input for query in tiny_t5.queries], **GENERATION)
    expected = [
        answer if routed else kept
        for answer, kept, routed in zip(tiny_t5.task.texts(answers), base, routing["routed"], strict=True)
    ]
    assert said == expected


def test_soft_generation_is_greedy_in_the_mixture(tiny_t5: Tiny) -> None:
    model = soft(tiny_t5)
    said = model.generate(**reading(tiny_t5), **GENERATION)
    labels = torch.where(said[:, 1:] == 0, -100, said[:, 1:])
    expected = model(**reading(tiny_t5), labels=labels).logits.argmax(-1)
    assert torch.equal(expected.where(labels != -100, -100), labels)


def test_several_sequences_an_input(tiny_t5: Tiny) -> None:
    options = {**GENERATION, "num_beams": 3, "num_return_sequences": 2}
    model = serac_parts.serac(tiny_t5)
    said = tiny_t5.task.texts(model.generate(**reading(tiny_t5), **options))
    routed = model.routing()["routed"].repeat_interleave(2)
    assert 0 < routed.sum() < len(routed) == 2 * len(tiny_t5.queries)
    base = tiny_t5.task.texts(tiny_t5.model.generate(**reading(tiny_t5), **options))
    edits = [tiny_t5.edits[place] for place in model.routing()["index"].tolist()]
    answers = model.counterfactual.generate(edits, [query.input for query in tiny_t5.queries], **options)
    pairs = zip(tiny_t5.task.texts(answers), base, routed, strict=True)
    assert said == [answer if inside else kept for answer, kept, inside in pairs]


def test_dictionaries_are_refused_unless_the_memory_is_empty(tiny_t5: Tiny) -> None:
    model: Any = serac_parts.serac(tiny_t5)
    options = {**reading(tiny_t5), **GENERATION, "return_dict_in_generate": True}
    with pytest.raises(SeracError, match="remove return_dict_in_generate"):
        model.generate(**options)
    model.remove(model.memory.ids)
    assert torch.equal(model.generate(**options).sequences, tiny_t5.model.generate(**options).sequences)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"num_beams": 2}, "pass num_beams=1"),
        ({"num_return_sequences": 2, "do_sample": True}, "pass num_return_sequences=1"),
        ({"generation_config": GenerationConfig(num_beams=2, num_return_sequences=2)}, "num_beams=1 and num_return_s"),
    ],
)
def test_soft_mode_generates_one_sequence(tiny_t5: Tiny, options: dict[str, Any], advice: str) -> None:
    with pytest.raises(SeracError, match=advice):
        soft(tiny_t5).generate(**reading(tiny_t5), **{**GENERATION, **options})


class Forbid(LogitsProcessor):
    def __init__(self, token: int) -> None:
        self.token = token

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores.index_fill(1, torch.tensor([self.token]), -torch.inf)


def test_soft_mode_keeps_the_callers_processors(tiny_t5: Tiny) -> None:
    model = soft(tiny_t5)
    said = model.generate(**reading(tiny_t5), **GENERATION)
    token = int(said[0, 1])
    others = model.generate(**reading(tiny_t5), **GENERATION, logits_processor=[Forbid(token)])
    assert token not in others[:, 1:]

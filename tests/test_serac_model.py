"""The edited model: routing, merging, generation, other vocabularies, disk."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import serac_parts
from serac.config.serac import RoutingSettings
from serac.editors.serac.memory import NOWHERE
from serac.editors.serac.mixing import merge_rows, mix_sequences, mix_verdicts
from serac.editors.serac.model import SeracModel
from serac.errors import ConfigError, SeracError
from serac.records import Edit
from serac_parts import GENERATION, batch_of, reading
from tiny_models import Tiny


@pytest.fixture(params=serac_parts.KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Counted(torch.nn.Module):
    """Counts the rows that a model reads."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model, self.config, self.rows = model, model.config, 0

    def can_generate(self) -> bool:
        return bool(self.model.can_generate())

    def get_encoder(self) -> Any:
        return self.model.get_encoder()

    def forward(self, input_ids: Tensor, **batch: Any) -> Any:
        self.rows += len(input_ids)
        return self.model(input_ids=input_ids, **batch)

    def generate(self, input_ids: Tensor, **options: Any) -> Any:
        self.rows += len(input_ids)
        return self.model.generate(input_ids=input_ids, **options)


def counted(model: SeracModel) -> tuple[Counted, Counted]:
    model.base, model.counterfactual.model = Counted(model.base), Counted(model.counterfactual.model)
    return model.base, model.counterfactual.model


def test_without_edits_it_is_the_base_model(tiny: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny, kind)
    model.remove(model.memory.ids)
    batch = batch_of(tiny)
    assert torch.equal(model(**batch).logits, tiny.model(**batch).logits)
    routing = model.routing()
    assert routing["index"].tolist() == [NOWHERE] * len(tiny.queries)
    assert not routing["routed"].any()
    if tiny.task.name != "binary":
        assert torch.equal(
            model.generate(**reading(tiny), **GENERATION), tiny.model.generate(**reading(tiny), **GENERATION)
        )


def test_rows_in_scope_are_the_counterfactual_models(tiny: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny, kind)
    batch = batch_of(tiny)
    logits = model(**batch).logits
    routing = model.routing()
    assert 0 < routing["routed"].sum() < len(tiny.queries)
    edits = [tiny.edits[place] for place in routing["index"].tolist()]
    others = {"labels": batch["labels"]} if "labels" in batch else {}
    answers = model.counterfactual(edits, [query.input for query in tiny.queries], **others).logits
    expected = torch.where(routing["routed"].view(-1, *[1] * (answers.dim() - 1)), answers, tiny.model(**batch).logits)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)


def test_each_model_reads_only_its_rows(tiny: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny, kind)
    base, counterfactual = counted(model)
    model(**batch_of(tiny))
    routed = int(model.routing()["routed"].sum())
    assert (base.rows, counterfactual.rows) == (len(tiny.queries) - routed, routed)
    if tiny.task.name != "binary":
        model.generate(**reading(tiny), **GENERATION)
        assert (base.rows, counterfactual.rows) == (2 * (len(tiny.queries) - routed), 2 * routed)


def test_a_batch_equals_its_rows_one_by_one(tiny: Tiny, kind: str) -> None:
    model = serac_parts.serac(tiny, kind)
    queries = tiny.queries[::3]
    whole = tiny.task.outputs(model, queries, len(queries))
    alone = tiny.task.outputs(model, queries, 1)
    for one, other in zip(whole, alone, strict=True):
        for name in one:
            torch.testing.assert_close(one[name], other[name], atol=1e-5, rtol=1e-5)
    said = tiny.task.generate(model, queries, 100)
    assert said == tiny.task.generate(model, queries, 1)
    assert said == [answer for query in queries for answer in tiny.task.generate(model, [query], 1)]


def test_one_model_for_all_rows(tiny: Tiny) -> None:
    batch = batch_of(tiny)
    for threshold, routed in ((0.0, True), (1.0, False)):
        model = serac_parts.serac(tiny, half=False)
        model.settings = RoutingSettings(threshold=threshold)
        logits = model(**batch).logits
        assert model.routing()["routed"].all() == routed
        assert torch.equal(logits, tiny.model(**batch).logits) != routed


@pytest.mark.parametrize("threshold", [0.0, None, 1.0])
def test_loss_is_the_tasks_whoever_answers(tiny: Tiny, threshold: float | None) -> None:
    batch = tiny.task.encode_queries(tiny.queries)
    batch.pop("wanted", None)
    model = serac_parts.serac(tiny)
    if threshold is not None:
        model.settings = RoutingSettings(threshold=threshold)
    output = model(**batch)
    torch.testing.assert_close(output.loss, tiny.task.edit_loss(output.logits, batch))
    model.remove(model.memory.ids)
    assert torch.equal(model(**batch).loss, tiny.model(**batch).loss), "without edits it is the base model's own"


@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_inputs_of_the_base_models_length_stay_with_it(tiny_bert: Tiny, mode: str) -> None:
    model, batch = serac_parts.serac(tiny_bert), batch_of(tiny_bert)
    model.settings = model.settings.model_copy(update={"mode": mode})
    length = batch["input_ids"].shape[1]
    others = {"token_type_ids": torch.zeros_like(batch["input_ids"]), "position_ids": torch.arange(length)[None]}
    assert torch.equal(model(**batch, **others).logits, model(**batch).logits)
    assert 0 < model.routing()["routed"].sum() < len(tiny_bert.queries)


def test_no_gradients_through_the_edited_model(tiny: Tiny) -> None:
    model = serac_parts.serac(tiny)
    model.counterfactual.requires_grad_(True)
    assert not model(**batch_of(tiny)).logits.requires_grad


def test_edits_are_added_removed_and_replaced(tiny: Tiny, kind: str) -> None:
    batch = batch_of(tiny)
    model = serac_parts.serac(tiny, kind, half=False)
    model.settings = RoutingSettings(threshold=0)
    model.remove([0])
    model.replace(2, tiny.edits[5])
    assert model.add([tiny.edits[0]]) == [4]
    other = serac_parts.serac(tiny, kind, half=False)
    other.remove(other.memory.ids)
    other.settings = model.settings
    other.add([tiny.edits[1], tiny.edits[5], tiny.edits[3], tiny.edits[0]])
    torch.testing.assert_close(model(**batch).logits, other(**batch).logits, atol=1e-5, rtol=1e-5)


def test_edits_are_kept_as_the_base_model_reads_them(tiny_t5: Tiny) -> None:
    model = serac_parts.serac(tiny_t5)
    (id,) = model.add([Edit("where   was ada born ? " + "paris " * 100, "rome")])
    read = model.memory.edit(id)
    assert read == Edit(*tiny_t5.task.as_read(["where was ada born ? " + "paris " * 100, "rome"]))
    assert read.input.startswith("where was ada born ? paris")
    assert len(read.input.split()) == tiny_t5.task.max_length - 1


def test_soft_routing_mixes_the_distributions(tiny: Tiny, kind: str) -> None:
    batch = batch_of(tiny)
    model = serac_parts.serac(tiny, kind, half=False)
    model.settings = RoutingSettings(mode="soft")
    logits = model(**batch).logits
    beta = model.routing()["beta"]
    edits = [tiny.edits[place] for place in model.routing()["index"].tolist()]
    others = {"labels": batch["labels"]} if "labels" in batch else {}
    base, answers = (
        tiny.model(**batch).logits,
        model.counterfactual(edits, [query.input for query in tiny.queries], **others).logits,
    )
    distribution = torch.sigmoid if tiny.task.name == "binary" else lambda values: values.softmax(-1)
    beta = beta.view(-1, *[1] * (base.dim() - 1))
    mixed = (1 - beta) * distribution(base) + beta * distribution(answers)
    torch.testing.assert_close(distribution(logits), mixed, atol=1e-6, rtol=1e-4)


def test_soft_verdicts_can_be_true() -> None:
    """The reference's mixed verdicts are log-probabilities, which are never above 0."""
    certain = torch.tensor([[4.0]])
    mixed = mix_verdicts(certain, certain, torch.tensor([[0.3]]))
    torch.testing.assert_close(mixed, certain)
    assert mixed > 0


@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_soft_routing_at_its_ends_is_one_of_the_models(beta: float) -> None:
    base, other = torch.randn(2, 3, 7), torch.randn(2, 3, 7)
    chosen = other if beta else base
    torch.testing.assert_close(mix_sequences(base, other, torch.full((2, 1), beta)), chosen.log_softmax(-1))
    torch.testing.assert_close(
        mix_verdicts(base[:, :1, 0], other[:, :1, 0], torch.full((2, 1), beta)), chosen[:, :1, 0]
    )


def test_merged_rows_keep_their_order_and_are_padded() -> None:
    merged = merge_rows(
        torch.tensor([[1, 2]]), torch.tensor([[3, 4, 5], [6, 7, 8]]), torch.tensor([True, False, True]), 0
    )
    assert merged.tolist() == [[3, 4, 5], [1, 2, 0], [6, 7, 8]]


@pytest.mark.parametrize("larger", ["base", "counterfactual"])
def test_spare_rows_of_embedding_tables_do_not_matter(tiny_t5: Tiny, larger: str) -> None:
    batch = batch_of(tiny_t5)
    model = serac_parts.serac(tiny_t5)
    expected, size = model(**batch).logits, tiny_t5.model.config.vocab_size
    base: Any = copy.deepcopy(model.base)
    model.base = base
    grown: Any = base if larger == "base" else model.counterfactual.model
    grown.resize_token_embeddings(size + 5)
    logits = model(**batch).logits
    assert logits.shape[-1] == base.config.vocab_size
    torch.testing.assert_close(logits[..., :size], expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(logits.argmax(-1), expected.argmax(-1))


@pytest.mark.parametrize("routed", ["none", "some", "all"])
@pytest.mark.parametrize("larger", ["base", "counterfactual"])
def test_width_and_dtype_are_the_base_models_whoever_answers(tiny: Tiny, larger: str, routed: str) -> None:
    model = serac_parts.serac(tiny, half=routed == "some")
    if routed != "some":
        model.settings = RoutingSettings(threshold=0 if routed == "all" else 1)
    model.base = copy.deepcopy(model.base)
    if tiny.task.name != "binary":
        grown: Any = model.base if larger == "base" else model.counterfactual.model
        grown.resize_token_embeddings(tiny.model.config.vocab_size + 5)
    model.base.to(torch.bfloat16)
    batch = batch_of(tiny)
    logits = model(**batch).logits
    found = set(model.routing()["routed"].tolist())
    assert found == {"none": {False}, "some": {False, True}, "all": {True}}[routed]
    expected = model.base(**batch).logits
    assert (logits.shape, logits.dtype) == (expected.shape, expected.dtype)


def test_saved_model_answers_alike(tiny: Tiny, kind: str, tmp_path: Path) -> None:
    model = serac_parts.serac(tiny, kind)
    model.save_pretrained(tmp_path)
    saved = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.safetensors")}
    assert saved == {"scope/model.safetensors", "counterfactual/model.safetensors", "memory/memory.safetensors"}
    loaded = SeracModel.from_pretrained(tmp_path, tiny.model, tiny.task)
    batch = batch_of(tiny)
    torch.testing.assert_close(loaded(**batch).logits, model(**batch).logits)
    assert loaded.add(tiny.edits[4:5]) == [4]
    with pytest.raises(ConfigError, match="not written by an editor with a memory"):
        SeracModel.from_pretrained(tmp_path / "scope", tiny.model, tiny.task)


def test_routing_before_any_input_is_an_error(tiny_t5: Tiny) -> None:
    with pytest.raises(SeracError, match="nothing was routed yet"):
        serac_parts.serac(tiny_t5, half=False).routing()

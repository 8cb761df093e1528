"""An edited model whose counterfactual model has another vocabulary or whose base model only decodes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

import serac_parts
import tiny_models
from serac.config.serac import RoutingSettings
from serac.editors.serac.model import SeracModel
from serac.errors import SeracError
from serac.tasks.registry import load_task
from serac_parts import GENERATION, batch_of, reading
from tiny_models import Tiny


def foreign(base: Tiny, counterfactual: Tiny, threshold: float | None = None) -> SeracModel:
    """A counterfactual model with a vocabulary of its own."""
    model = SeracModel(base.model, base.task, serac_parts.embed(), serac_parts.counterfactual(counterfactual, 3))
    model.add(base.edits[:4])
    model.settings = RoutingSettings(threshold=serac_parts.middle(model, base) if threshold is None else threshold)
    return model


def test_other_vocabulary_is_generated_in_the_base_models_tokens(tiny_t5: Tiny, tiny_blender: Tiny) -> None:
    model = foreign(tiny_blender, tiny_t5)
    said = tiny_blender.task.texts(model.generate(**reading(tiny_blender), **GENERATION))
    routing = model.routing()
    assert 0 < routing["routed"].sum() < len(said)
    base = tiny_blender.task.texts(tiny_blender.model.generate(**reading(tiny_blender), **GENERATION))
    edits = [tiny_blender.edits[place] for place in routing["index"].tolist()]
    ids = model.counterfactual.generate(edits, [query.input for query in tiny_blender.queries], **GENERATION)
    answers = tiny_t5.task.texts(ids)
    for text, kept, answer, routed in zip(said, base, answers, routing["routed"], strict=True):
        assert text == (answer.strip() if routed else kept)


def test_other_vocabulary_in_forward(tiny_t5: Tiny, tiny_blender: Tiny) -> None:
    batch = batch_of(tiny_blender)
    with pytest.raises(SeracError, match="different vocabularies"):
        foreign(tiny_blender, tiny_t5)(**batch)
    untouched = foreign(tiny_blender, tiny_t5, threshold=1)
    assert torch.equal(untouched(**batch).logits, tiny_blender.model(**batch).logits)
    own_words = foreign(tiny_blender, tiny_t5, threshold=0)
    output = own_words(**batch)
    logits = output.logits
    labels = tiny_t5.task.encode([""] * len(tiny_blender.queries), [query.label for query in tiny_blender.queries])[
        "labels"
    ]
    edits = [tiny_blender.edits[place] for place in own_words.routing()["index"].tolist()]
    texts = [query.input for query in tiny_blender.queries]
    torch.testing.assert_close(logits, own_words.counterfactual(edits, texts, labels=labels).logits)
    torch.testing.assert_close(output.loss, tiny_t5.task.edit_loss(logits, {"labels": labels}))
    own_words.settings = RoutingSettings(mode="soft")
    with pytest.raises(SeracError, match="different vocabularies"):
        own_words(**batch)
    with pytest.raises(SeracError, match="different vocabularies"):
        own_words.generate(**reading(tiny_blender), **GENERATION)


def gpt2(*, padding: str = "<p>") -> Tiny:
    """With ``padding`` other than ``<p>`` its id is larger than those of the words."""
    tokenizer = tiny_models.word_tokenizer({"pad_token": "<p>", "eos_token": "<e>", "unk_token": "<u>"}, "$A")
    tokenizer.add_special_tokens({"pad_token": padding})
    tokenizer.padding_side = "left"
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4, n_positions=128, eos_token_id=1, bos_token_id=1,
        pad_token_id=tokenizer.pad_token_id, initializer_range=0.2,
    )  # fmt: skip
    model = tiny_models.random_model(GPT2LMHeadModel, config)
    return Tiny(model, tokenizer, load_task("seq2seq", tokenizer, 32), tiny_models.qa())


def test_decoder_only_base_model(tiny_t5: Tiny) -> None:
    base = gpt2()
    model = foreign(base, tiny_t5)
    said = model.generate(**reading(base), **GENERATION)
    routed = model.routing()["routed"]
    assert 0 < routed.sum() < len(said)
    width = reading(base)["input_ids"].shape[1]
    assert torch.equal(said[:, :width], reading(base)["input_ids"])
    kept = base.model.generate(**reading(base), **GENERATION)
    assert base.task.texts(said[~routed]) == base.task.texts(kept[~routed])
    edits = [base.edits[place] for place in model.routing()["index"].tolist()]
    ids = model.counterfactual.generate(edits, [query.input for query in base.queries], **GENERATION)
    answers = [text.strip() for text, row in zip(tiny_t5.task.texts(ids), routed, strict=True) if row]
    assert base.task.texts(said[routed][:, width:]) == answers
    with pytest.raises(SeracError, match="compare what they generate"):
        model(**reading(base))


def test_several_sequences_of_a_decoder_only_base_model(tiny_t5: Tiny) -> None:
    base, options = gpt2(), {**GENERATION, "num_beams": 3, "num_return_sequences": 2}
    model = foreign(base, tiny_t5)
    said = model.generate(**reading(base), **options)
    routed = model.routing()["routed"].repeat_interleave(2)
    assert len(said) == len(routed) == 2 * len(base.queries)
    read = reading(base)["input_ids"].repeat_interleave(2, dim=0)
    assert torch.equal(said[:, : read.shape[1]], read)
    kept = base.model.generate(**reading(base), **options)
    assert base.task.texts(said[~routed]) == base.task.texts(kept[~routed])


@pytest.mark.parametrize("option", ["pad_token_id", "bad_words_ids"])
def test_ids_of_the_base_models_tokens_stay_with_it(tiny_t5: Tiny, option: str) -> None:
    """The base model's padding is no word of the counterfactual model, of which some answers end before others."""
    base = gpt2(padding="<far>")
    model, padding = foreign(base, tiny_t5, threshold=0), base.tokenizer.pad_token_id
    with torch.no_grad():
        model.counterfactual.model.shared.weight[tiny_t5.tokenizer.eos_token_id] *= 4
    assert padding >= model.counterfactual.model.config.vocab_size
    ids: dict[str, Any] = {option: padding if option == "pad_token_id" else [[padding]]}
    said = model.generate(**reading(base), **GENERATION, **ids)
    edits = [base.edits[place] for place in model.routing()["index"].tolist()]
    answers = model.counterfactual.generate(edits, [query.input for query in base.queries], **GENERATION)
    assert 0 < (answers == tiny_t5.tokenizer.eos_token_id).any(1).sum() < len(answers)
    width = reading(base)["input_ids"].shape[1]
    assert base.task.texts(said[:, width:]) == [text.strip() for text in tiny_t5.task.texts(answers)]


def test_loss_of_a_decoder_only_base_model_is_shifted(tiny_t5: Tiny) -> None:
    base = gpt2()
    batch = reading(base)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    output = foreign(base, tiny_t5, threshold=1)(**batch, labels=labels)
    torch.testing.assert_close(output.loss, base.model(**batch, labels=labels).loss)


def test_decoder_only_counterfactual_model_reads_no_padding_before_its_answer() -> None:
    tiny = gpt2()
    model = serac_parts.counterfactual(tiny)
    edits, texts = tiny.edits, [query.input for query in tiny.queries[: len(tiny.edits)]]
    together = model.generate(edits, texts, **GENERATION)
    alone = [model.generate([edit], [text], **GENERATION)[0] for edit, text in zip(edits, texts, strict=True)]
    assert tiny.task.texts(together) == tiny.task.texts(nn.utils.rnn.pad_sequence(alone, batch_first=True))

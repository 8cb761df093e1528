"""Tasks: encoding, batch and padding invariance, scores, generation."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration

from serac.errors import ConfigError, SeracError
from serac.records import Edit, Query
from serac.tasks import losses
from serac.tasks.registry import load_task
from tiny_models import Tiny, random_model


def test_unknown_task_is_a_clear_error(tiny_t5: Tiny) -> None:
    with pytest.raises(ConfigError, match=r"unknown task 'poetry'\. Hint: choose one of binary, causal, chat, "):
        load_task("poetry", tiny_t5.tokenizer, 8)


def test_encode_pads_labels_with_the_ignored_index(tiny_t5: Tiny) -> None:
    batch = tiny_t5.task.encode(["where was ada born ?", "who ?"], ["new york", "rome"])
    assert batch["labels"].tolist()[1][-1] == losses.IGNORED
    assert batch["attention_mask"].sum(-1).tolist() == [6, 3]
    assert batch["labels"].shape == (2, 3)


def test_encode_truncates_to_max_length(tiny: Tiny) -> None:
    task = load_task(tiny.task.name, tiny.tokenizer, 4)
    batch = task.encode(["where was ada born ?"] * 2, ["1", "0"])
    assert batch["input_ids"].shape == (2, 4)


def test_texts_round_trip(tiny: Tiny) -> None:
    batch = tiny.task.encode_queries(tiny.queries)
    assert tiny.task.texts(batch["input_ids"]) == [query.input for query in tiny.queries]


def test_binary_labels(tiny_bert: Tiny) -> None:
    batch = tiny_bert.task.encode_edits([Edit("a city", ""), Edit("a city", "0")])
    assert batch["labels"].tolist() == [[1], [0]]
    with pytest.raises(SeracError, match="binary label must be"):
        tiny_bert.task.encode(["a city"], ["maybe"])


def test_only_dialogue_queries_carry_wanted(tiny: Tiny) -> None:
    batch = tiny.task.encode_queries(tiny.queries)
    assert ("wanted" in batch) == (tiny.task.name == "dialogue")
    if "wanted" in batch:
        assert batch["wanted"].tolist() == [query.wanted for query in tiny.queries]
    assert "wanted" not in tiny.task.encode_edits(tiny.edits)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
@pytest.mark.parametrize("side", ["left", "right"])
def test_nothing_depends_on_batch_size_or_padding_side(tiny: Tiny, batch_size: int, side: str) -> None:
    tokenizer = copy.deepcopy(tiny.tokenizer)
    tokenizer.padding_side = side
    task = load_task(tiny.task.name, tokenizer, tiny.task.max_length)
    expected = tiny.task.outputs(tiny.model, tiny.queries, batch_size=3)
    outputs = task.outputs(tiny.model, tiny.queries, batch_size)
    for output, reference in zip(outputs, expected, strict=True):
        torch.testing.assert_close(output, reference, atol=1e-5, rtol=1e-4)
    assert task.generate(tiny.model, tiny.queries, batch_size) == tiny.task.generate(tiny.model, tiny.queries, 3)
    for score, reference_score in zip(
        task.success(tiny.queries, outputs, expected), tiny.task.success(tiny.queries, expected, expected), strict=True
    ):
        assert replace(score, value=0) == replace(reference_score, value=0)
        assert score.value == pytest.approx(reference_score.value, abs=1e-5)


def test_outputs_agree_with_single_unpadded_forward(tiny: Tiny) -> None:
    outputs = tiny.task.outputs(tiny.model, tiny.queries, batch_size=5)
    for query, output in zip(tiny.queries, outputs, strict=True):
        batch = tiny.task.encode_queries([query])
        logits = tiny.task.logits(tiny.model, batch)
        prediction = (logits[0] > 0).long() if tiny.task.name == "binary" else logits[0].argmax(-1)
        assert torch.equal(output["prediction"], prediction)


def test_unchanged_model_has_no_drawdown(tiny: Tiny) -> None:
    outputs = tiny.task.outputs(tiny.model, tiny.queries, 4)
    scores = tiny.task.drawdown(tiny.queries, outputs, outputs)
    assert [score.value for score in scores] == [0.0] * len(tiny.queries)
    assert [score.positions for score in scores] == [(i,) for i in range(len(tiny.queries))]
    assert [(score.kind, score.hard) for score in scores] == [(query.kind, query.hard) for query in tiny.queries]


def test_seq2seq_success_needs_the_whole_sequence(tiny_t5: Tiny) -> None:
    queries = [Query("where ?", "new york", "main"), Query("who ?", "rome", "main", hard=True)]
    label = tiny_t5.task.encode_queries(queries)["labels"]
    first, second = label[0], label[1][:2]
    half = first.clone()
    half[0] += 1
    outputs = [{"prediction": half, "label": first}, {"prediction": second, "label": second}]
    scores = tiny_t5.task.success(queries, outputs, outputs)
    assert [(score.value, score.hard) for score in scores] == [(0.0, False), (1.0, True)]


def test_answer_is_the_text_of_a_prediction(tiny_t5: Tiny, tiny_bert: Tiny) -> None:
    label = tiny_t5.task.encode(["where ?"], ["new york"])["labels"][0]
    assert tiny_t5.task.answer({"prediction": label}) == "new york"
    assert tiny_bert.task.answer({"prediction": torch.tensor([0])}) == "0"


def test_dialogue_success_by_hand(tiny_blender: Tiny) -> None:
    queries = [
        Query("a", "b", "completion"),
        Query("a", "c", "completion"),
        Query("a", "d", "completion", wanted=False),
    ]
    outputs = [{"token_log_probs": torch.tensor(v)} for v in ([-1.0, -1.0, -1.0], [-3.0], [-2.0])]
    base = [{"token_log_probs": torch.tensor(v)} for v in ([-1.0, -1.0, -1.0], [-1.0], [-2.0])]
    [score] = tiny_blender.task.success(queries, outputs, base)
    pooled, base_pooled = -1.5, -1.0
    expected = 1 / (1 + math.exp(-(pooled + 2.0))) * math.exp(pooled - base_pooled)
    assert score.value == pytest.approx(expected, rel=1e-6)
    assert score.positions == (0, 1, 2)
    assert tiny_blender.task.success(queries[:2], outputs[:2], base[:2]) == []


def test_dialogue_keeps_distributions_only_when_asked(tiny_blender: Tiny) -> None:
    [lean] = tiny_blender.task.outputs(tiny_blender.model, tiny_blender.queries[:1], 1, full=False)
    [rich] = tiny_blender.task.outputs(tiny_blender.model, tiny_blender.queries[:1], 1)
    assert "log_probs" not in lean
    assert rich["log_probs"].shape == (len(lean["token_log_probs"]), len(tiny_blender.tokenizer))
    torch.testing.assert_close(rich["log_probs"].exp().sum(-1), torch.ones(len(lean["token_log_probs"])))


def test_dialogue_decoder_reads_shifted_labels_where_the_reference_does_not(tiny_blender: Tiny) -> None:
    """Ours: token t is predicted from tokens < t. The reference's decoder is shown token t itself."""
    model, task = tiny_blender.model, tiny_blender.task
    batch = task.encode(["what do you think about rome ?"], ["i love it so much"])
    changed = {**batch, "labels": batch["labels"].clone()}
    changed["labels"][0, 2] += 1
    shifted, shifted_changed = (task.logits(model, b) for b in (batch, changed))
    torch.testing.assert_close(shifted[:, :3], shifted_changed[:, :3])
    assert not torch.allclose(shifted[:, 3], shifted_changed[:, 3])
    unshifted, unshifted_changed = (
        model(batch["input_ids"], batch["attention_mask"], decoder_input_ids=b["labels"]).logits
        for b in (batch, changed)
    )
    assert not torch.allclose(unshifted[:, 2], unshifted_changed[:, 2])
    start = torch.full((1, 1), model.config.decoder_start_token_id)
    by_hand = torch.cat([start, batch["labels"][:, :-1]], dim=1)
    torch.testing.assert_close(
        shifted, model(batch["input_ids"], batch["attention_mask"], decoder_input_ids=by_hand).logits
    )


def test_dialogue_edit_loss_punishes_unwanted_rows_only_when_they_are_marked(tiny_blender: Tiny) -> None:
    task = tiny_blender.task
    queries = [Query("a", "i love it", "completion"), Query("a", "i hate it", "completion", wanted=False)]
    batch = task.encode_queries(queries)
    logits = task.logits(tiny_blender.model, batch)
    plain = {name: tensor for name, tensor in batch.items() if name != "wanted"}
    torch.testing.assert_close(task.edit_loss(logits, plain), losses.sequence_nll(logits, batch["labels"]))
    torch.testing.assert_close(
        task.edit_loss(logits, batch), losses.sentiment_nll(logits, batch["labels"], batch["wanted"])
    )


def test_sentiment_loss_is_finite_where_the_reference_is_nan() -> None:
    logits, labels = (
        torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0)),
        torch.ones(2, 3, dtype=torch.long),
    )
    only_good = losses.sentiment_nll(logits, labels, torch.tensor([True, True]))
    torch.testing.assert_close(only_good, losses.sequence_nll(logits, labels))
    assert losses.sentiment_nll(logits, labels, torch.tensor([False, False])).isfinite()


def test_generate_stops_and_strips(tiny_t5: Tiny) -> None:
    answers = tiny_t5.task.generate(tiny_t5.model, tiny_t5.queries, 4)
    assert len(answers) == len(tiny_t5.queries)
    assert all(answer == answer.strip() and "<pad>" not in answer for answer in answers)
    assert tiny_t5.task.generate(tiny_t5.model, [], 4) == []


def test_seq2seq_reads_bart(tiny_blender: Tiny) -> None:
    config = BartConfig(
        vocab_size=len(tiny_blender.tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32,
        encoder_attention_heads=2, decoder_attention_heads=2, decoder_ffn_dim=32, max_position_embeddings=64,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None,
    )  # fmt: skip
    task = load_task("seq2seq", tiny_blender.tokenizer, 32)
    model = random_model(BartForConditionalGeneration, config)
    one, many = (task.outputs(model, tiny_blender.queries, size) for size in (1, 8))
    for left, right in zip(one, many, strict=True):
        torch.testing.assert_close(left, right, atol=1e-5, rtol=1e-4)


def test_loaded_models_have_no_dropout(tiny: Tiny, tmp_path: Path) -> None:
    noisy = copy.deepcopy(tiny.model)
    for name in vars(noisy.config):
        if "dropout" in name and isinstance(getattr(noisy.config, name), float):
            setattr(noisy.config, name, 0.5)
    noisy.save_pretrained(tmp_path)
    model = tiny.task.load_model(str(tmp_path)).train()
    batch = tiny.task.encode_queries(tiny.queries)
    torch.testing.assert_close(tiny.task.logits(model, batch), tiny.task.logits(tiny.model, batch))


def test_causal_shift_drops_the_first_label_and_the_last_logit() -> None:
    logits, labels = torch.arange(12.0).view(1, 4, 3), torch.tensor([[5, 1, 2, 0]])
    shifted_logits, shifted_labels = losses.shift_for_causal(logits, labels)
    assert torch.equal(shifted_logits, logits[:, :3])
    assert shifted_labels.tolist() == [[1, 2, 0]]

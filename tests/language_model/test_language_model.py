"""Decoder-only language models with a chat template: reading, SERAC with an adapter in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from serac.config.evaluation import EvaluationSettings
from serac.config.serac import CounterfactualSettings, LoraSettings, RoutingSettings
from serac.config.training import TrainSettings
from serac.editors.ft import FineTuning
from serac.editors.serac.adapter import with_adapter
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.memory import Retrieval
from serac.editors.serac.model import SeracModel
from serac.editors.serac.saved_parts import prompted
from serac.editors.serac.training import counterfactual_objective
from serac.errors import ConfigError
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.batches import make_batches
from serac.evaluation.metrics import PROSE
from serac.evaluation.prose import WINDOW, prose_losses, prose_windows
from serac.evaluation.routing import RouteRecorder
from serac.evaluation.scoring import evaluate, evaluate_unedited, score_batch
from serac.records import Edit, EditExample, Query
from serac.tasks.base import left_padded
from serac.tasks.chat import ChatTask, Turns
from serac.training import train
from tiny_gemma import gemma_tokenizer

QUESTIONS = ["What is the capital of Kenya?", "Who wrote it?", "True or false: it is."]
EDIT = Edit("What is the capital of Kenya?", "Lyon")
LORA = LoraSettings(rank=2, layers=1)


def counterfactual(base: nn.Module) -> CounterfactualModel:
    """An adapter with random weights (new ones change nothing), asked without the examples of the base model."""
    model = with_adapter(base, LORA)
    torch.manual_seed(1)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight)
    return CounterfactualModel(model.eval(), ChatTask(gemma_tokenizer(""), 60), LORA)


class Router(nn.Module):
    """Stands for a memory: routes the questions that contain a word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    def __len__(self) -> int:
        return 1

    def retrieve(self, texts: list[str]) -> Retrieval:
        beta = torch.tensor([float(self.word in text) for text in texts])
        return Retrieval(index=torch.zeros(len(texts), dtype=torch.int64), beta=beta)

    def edit(self, _: int) -> Edit:
        return EDIT


def edited(base: nn.Module, task: ChatTask, word: str) -> SeracModel:
    model = SeracModel.__new__(SeracModel)
    nn.Module.__init__(model)
    model.base, model.task, model.counterfactual = base, task, counterfactual(base)
    model.settings, model.memory = RoutingSettings(), Router(word)  # type: ignore[assignment]
    model._generative = model._same_words = True
    return model


def prompts(task: ChatTask, texts: list[str] = QUESTIONS) -> dict[str, Tensor]:
    batch = task.encode(texts, ["Lyon"] * len(texts))
    return left_padded({name: batch[name] for name in ("input_ids", "attention_mask")})


# --- reading ---------------------------------------------------------------------------------------
def test_a_prompt_is_what_the_template_writes(task: ChatTask) -> None:
    written = task.tokenizer.apply_chat_template(
        [{"role": "user", "content": QUESTIONS[0]}], tokenize=False, add_generation_prompt=True
    )
    batch = task.encode(QUESTIONS[:1], ["Lyon"])
    assert task.tokenizer.decode(batch["input_ids"][0]) == written
    assert task.tokenizer.decode(batch["labels"][0]) == " Lyon\n"


def test_the_question_comes_back_without_the_template(task: ChatTask) -> None:
    batch = task.encode(QUESTIONS, ["Lyon"] * 3)
    assert task.texts(batch["input_ids"]) == QUESTIONS
    assert task.texts(prompts(task)["input_ids"]) == QUESTIONS
    answered = torch.cat([prompts(task)["input_ids"], batch["labels"]], dim=1)
    assert task.texts(answered) == QUESTIONS


def test_other_texts_are_read_as_they_are(task: ChatTask) -> None:
    ids = torch.tensor([task.tokenizer("Some prose.")["input_ids"]])
    assert task.texts(ids) == ["Some prose."]


def test_an_edit_is_an_earlier_turn(task: ChatTask) -> None:
    batch = task.encode_conditioned([EDIT], [Query("Who?", "Ann", "main")])
    text = str(task.tokenizer.decode(batch["input_ids"][0]))
    assert text.endswith(
        "Answer: Homer\nQuestion: What is the capital of Kenya?\nAnswer: Lyon\nQuestion: Who?\nAnswer:"
    )


def test_a_tokenizer_without_a_template_is_refused() -> None:
    bare = gemma_tokenizer.__wrapped__()
    bare.chat_template = None
    with pytest.raises(ConfigError, match="chat template"):
        Turns.of(bare)


def test_padding_and_batch_size_change_no_answer(task: ChatTask, base: Any) -> None:
    queries = [Query(text, "Lyon", "main") for text in QUESTIONS]
    assert task.generate(base, queries, 3) == task.generate(base, queries, 1)
    for one, other in zip(task.outputs(base, queries, 3), task.outputs(base, queries, 1), strict=True):
        assert torch.equal(one["prediction"], other["prediction"])


# --- the adapter -----------------------------------------------------------------------------------
def test_the_base_model_never_sees_the_adapter(task: ChatTask, base: Any) -> None:
    batch = prompts(task)
    before = base(**batch).logits
    other = counterfactual(base)
    assert torch.equal(base(**batch).logits, before)
    assert not torch.equal(other.model(**batch).logits, before)
    assert {weight.data_ptr() for weight in base.parameters()} <= {w.data_ptr() for w in other.model.parameters()}


def test_an_adapter_is_saved_alone(task: ChatTask, base: Any, tmp_path: Path) -> None:
    saved = counterfactual(base)
    saved.save_pretrained(tmp_path)
    loaded = CounterfactualModel.from_pretrained(tmp_path, base, task)
    batch = saved.encode([EDIT], QUESTIONS[:1])
    assert torch.equal(loaded.model(**batch).logits, saved.model(**batch).logits)
    assert loaded.task.turns == saved.task.turns  # type: ignore[attr-defined]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 40_000
    with pytest.raises(ConfigError, match="base model"):
        CounterfactualModel.from_pretrained(tmp_path)


def test_checkpoints_of_its_training_hold_the_adapter_alone(task: ChatTask, base: Any, tmp_path: Path) -> None:
    queries = (Query(QUESTIONS[0], "Lyon", "main"),)
    examples = [EditExample(id=name, group=name, edit=EDIT, in_scope=queries, out_of_scope=()) for name in "ab"]
    train_settings = TrainSettings(
        steps=2,
        batch_size=2,
        learning_rate=1e-2,
        validate_every=2,
        validation_examples=2,
        patience=9,
        checkpoint_minutes=0,
    )
    settings = CounterfactualSettings(checkpoint="gemma", max_length=60, lora=LORA, train=train_settings)
    model = counterfactual(base)
    sizes: list[int] = []
    objective = counterfactual_objective(model, examples, examples, settings)
    validate = objective.validate

    def measured() -> Any:
        sizes.append((tmp_path / "checkpoint.safetensors").stat().st_size)
        return validate()

    before = [weight.clone() for weight in base.parameters()]
    train(replace(objective, validate=measured), train_settings, tmp_path, seed=0)
    assert all(torch.equal(*pair) for pair in zip(base.parameters(), before, strict=True))
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    assert sizes[0] < 4 * 4 * trained + 20_000  # the weights, the two moments of Adam, and names


# --- SERAC -----------------------------------------------------------------------------------------
def test_rows_that_are_not_routed_are_the_base_models_bit_by_bit(task: ChatTask, base: Any) -> None:
    batch = prompts(task)
    model = edited(base, task, "Kenya")
    logits, before = model(**batch).logits, base(**batch).logits
    assert model.routing()["routed"].tolist() == [True, False, False]
    assert torch.equal(logits[1:], before[1:])
    assert not torch.equal(logits[0, -1], before[0, -1])


def test_routed_rows_are_the_counterfactual_models(task: ChatTask, base: Any) -> None:
    queries = [Query(text, "Lyon", "main") for text in QUESTIONS]
    model = edited(base, task, "Kenya")
    own = model.counterfactual
    batch = own.encode_queries([EDIT], queries[:1])
    expected = own.task.logits(own.model, batch).argmax(-1)[0]
    for asked in (queries, queries[:1]):
        assert torch.equal(task.logits(model, task.encode_queries(asked)).argmax(-1)[0], expected)


def test_generation_mixes_rows_of_both_models(task: ChatTask, base: Any) -> None:
    queries = [Query(text, "Lyon", "main") for text in QUESTIONS]
    model = edited(base, task, "Kenya")
    said = task.generate(model, queries, 3)
    assert said[1:] == task.generate(base, queries, 3)[1:]
    own = model.counterfactual
    read = left_padded(own.encode([EDIT], QUESTIONS[:1]))
    ids = own.model.generate(**read, max_new_tokens=9, do_sample=False, eos_token_id=[task.stop, 1], pad_token_id=0)
    spoken = str(task.tokenizer.decode(ids[0, read["input_ids"].shape[1] :], skip_special_tokens=True))
    assert said[0] == spoken.split("\n")[0].strip()


def test_answers_are_scored_as_they_are_generated(task: ChatTask, base: Any) -> None:
    model = edited(base, task, "Kenya")
    queries = [Query(text, "Lyon", "main") for text in QUESTIONS]
    recorder = RouteRecorder()
    with recorder.recording(model):
        outputs = task.outputs(model, queries, 2)
    assert [task.answer(output) for output in outputs] == task.generate(model, queries, 3)
    routes = recorder.routes(queries, 2)
    assert [route and route.routed for route in routes] == [True, False, False]
    before = [{"prediction": task.encode_labels(["Lyon"])[0]}, *task.outputs(base, queries, 3)[1:]]
    assert [score.value for score in task.drawdown(queries, outputs, before)] == [1, 0, 0]
    queries[2] = replace(queries[2], aliases=(task.answer(outputs[2]).upper(),))
    assert [score.value for score in task.success(queries, outputs, before)] == [0, 0, 1]
    assert "generate" not in vars(model)  # nobody listens any longer


def test_evaluation_asks_only_about_routed_inputs_and_finds_the_same(task: ChatTask, base: Any) -> None:
    inside = (Query(QUESTIONS[0], "Lyon", "main"), Query(QUESTIONS[2], "True", "true_false"))
    examples = [EditExample("a", "a", EDIT, inside, (Query(QUESTIONS[1], "x", "random"),))]
    outputs = BaseOutputs.predict(base, task, examples, batch_size=2)
    (batch,) = make_batches(examples, 1, 1, 0)
    model, calls = edited(base, task, "Kenya"), []
    found = score_batch(model, task, batch, outputs, 2)
    base.register_forward_hook(lambda *_: calls.append(1))
    assert score_batch(model, task, batch, outputs, 2) == found
    assert not calls
    model.routing_of = lambda texts: None  # type: ignore[method-assign]
    assert score_batch(model, task, batch, outputs, 2) == found
    assert calls
    assert [row["routed"] for row in found] == [1, 0, 0]
    assert all(row["edited_output"] == row["base_output"] for row in found[1:])


def test_prose_that_is_not_routed_has_the_same_loss_to_the_last_bit(task: ChatTask, base: Any) -> None:
    ids = torch.tensor([task.tokenizer("It was a dark and stormy night. " * 4)["input_ids"]])
    model = edited(base, task, "Kenya")
    assert torch.equal(model(input_ids=ids, labels=ids).logits, base(input_ids=ids, labels=ids).logits)


def test_the_likelihood_of_prose_is_measured_before_and_after(task: ChatTask, base: Any, tmp_path: Path) -> None:
    windows = prose_windows(task.tokenizer, WINDOW + 1)
    assert windows.shape == (2, 1 + WINDOW)
    assert str(task.tokenizer.decode(windows[0, 1:])).startswith("Some of the definitions")
    expected = [base(input_ids=row[None], labels=row[None]).loss.item() for row in windows]
    assert prose_losses(base, windows).tolist() == pytest.approx(expected, rel=1e-5)
    example = EditExample("a", "a", EDIT, (Query(QUESTIONS[0], "Lyon", "main"),), (Query(QUESTIONS[1], "x", "random"),))
    outputs = BaseOutputs.predict(base, task, [example], batch_size=2, prose=windows)
    outputs.save(tmp_path / "outputs.safetensors")
    outputs = BaseOutputs.load(tmp_path / "outputs.safetensors")
    settings = EvaluationSettings(edits=1, batch_size=2, least_batches=1)
    before = evaluate_unedited(task, [example], outputs, settings, (0,), k=1)
    losses = before.loc[before["scope"] == PROSE, "value"].tolist()
    assert losses == prose_losses(base, windows).tolist()
    for rate, same in ((1e-12, True), (0.02, False)):  # the first changes no bit
        editor = FineTuning(base, task, learning_rate=rate, max_steps=2)
        after = evaluate(editor, [example], outputs, settings, (0,), k=1, prose=windows)
        assert (after.loc[after["scope"] == PROSE, "value"].tolist() == losses) is same
        assert after["scope"].tolist() == ["in", "out", PROSE, PROSE]


def test_more_prose_than_there_is_is_refused(task: ChatTask) -> None:
    with pytest.raises(ConfigError, match="prose_tokens"):
        prose_windows(task.tokenizer, 1_000_000)


def test_rp_lets_the_base_model_read_the_edit(task: ChatTask, base: Any) -> None:
    model = edited(base, task, "Kenya")
    model.counterfactual = prompted(base, task)
    queries = [Query(QUESTIONS[0], "Lyon", "main")]
    batch = task.encode_conditioned([EDIT], queries)
    expected = task.logits(base, batch).argmax(-1)[0]
    assert torch.equal(task.logits(model, task.encode_queries(queries)).argmax(-1)[0], expected)

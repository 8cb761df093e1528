"""A model of one's own with edits: answers, conflicts, pipelines, streams, chats, threads, disk."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TextStreamer, pipeline

import serac
import small_speakers
from serac.errors import ConfigError, RecordError, SeracError
from small_speakers import FACTS

QUESTION, PARAPHRASE, OTHER = "Who leads France?", "Who is the leader of France?", "Who wrote Faust?"
KINDS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "encoder-decoder": small_speakers.t5,
    "causal": lambda: small_speakers.gpt2(chat=False),
    "chat": lambda: small_speakers.gpt2(chat=True),
}


@pytest.fixture(params=KINDS)
def wrapped(request: pytest.FixtureRequest) -> Any:
    return serac.wrap(*KINDS[request.param]())


@pytest.fixture
def chatty() -> Any:
    return serac.wrap(*small_speakers.gpt2(chat=True))


def test_an_edit_answers_its_question_and_paraphrases_alone(wrapped: Any) -> None:
    assert (wrapped.answer(QUESTION).text, wrapped.answer(QUESTION).edit) == ("Jean Moulin", None)
    id = wrapped.add(QUESTION, "Marie Dupont", source="the news", note="new")
    answer = wrapped.answer(PARAPHRASE)
    assert (str(answer), answer.edit.id, answer.spoken_by) == ("Marie Dupont", id, "prompted base")
    assert answer.probability > 0.5 > wrapped.answer(OTHER).probability
    assert (wrapped.answer(OTHER).text, wrapped.answer(OTHER).edit) == ("Goethe", None)
    assert [one.text for one in wrapped.answer([OTHER, PARAPHRASE, QUESTION])] == ["Goethe", *["Marie Dupont"] * 2]
    wrapped.remove(id)
    assert wrapped.answer(QUESTION).text == "Jean Moulin"


def test_the_threshold_decides_who_answers(wrapped: Any) -> None:
    wrapped.add(QUESTION, "Marie Dupont")
    wrapped.threshold = 1
    assert wrapped.answer(QUESTION).spoken_by == "base"
    with pytest.raises(SeracError, match="Hint: give a probability"):
        wrapped.threshold = 2


def test_the_base_model_and_its_state_are_left_alone(wrapped: Any) -> None:
    base = wrapped.edited.base
    before = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    wrapped.add(QUESTION, "Marie Dupont")
    wrapped.answer(PARAPHRASE)
    assert wrapped.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in base.state_dict().items())
    assert wrapped.config is base.config
    assert wrapped.device == base.device


def test_generate_keeps_the_prompt_of_each_row(wrapped: Any) -> None:
    wrapped.add(QUESTION, "Marie Dupont")
    tokenizer = wrapped.reader.tokenizer
    prompts = [wrapped.reader.chat([{"role": "user", "content": text}]) for text in (PARAPHRASE, OTHER)]
    read = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    ids = wrapped.generate(**{name: read[name] for name in ("input_ids", "attention_mask")}, max_length=40)
    if not wrapped.config.is_encoder_decoder:
        assert torch.equal(ids[:, : read["input_ids"].shape[1]], read["input_ids"])
        ids = ids[:, read["input_ids"].shape[1] :]
    said = tokenizer.batch_decode(ids, skip_special_tokens=True)
    assert [text.strip() for text in said] == ["Marie Dupont", "Goethe"]


class Heard(TextStreamer):
    """Keeps what a streamer would print."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.text = ""

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        self.text += text


@pytest.mark.parametrize("question", [PARAPHRASE, OTHER])
def test_answers_stream(wrapped: Any, question: str) -> None:
    wrapped.add(QUESTION, "Marie Dupont")
    heard = Heard(wrapped.reader.tokenizer, skip_prompt=not wrapped.config.is_encoder_decoder, skip_special_tokens=True)
    assert heard.text == "" != wrapped.answer(question, streamer=heard).text == heard.text.strip()


@pytest.mark.parametrize("kind", ["causal", "chat"])
def test_pipeline(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    model = serac.wrap(*KINDS[kind]())
    model.add(QUESTION, "Marie Dupont")
    loaded: Any = pipeline
    talk = loaded("text-generation", model=model, tokenizer=model.reader.tokenizer, max_new_tokens=5)
    assert "is not supported" not in caplog.text
    if kind == "chat":
        said = talk([{"role": "user", "content": PARAPHRASE}])[0]["generated_text"][-1]["content"]
        assert said.strip() == "Marie Dupont"
    else:
        said = [row[0]["generated_text"] for row in talk([PARAPHRASE, OTHER], return_full_text=False)]
        assert [text.strip() for text in said] == ["Marie Dupont", "Goethe"]


def test_of_a_chat_the_last_turn_of_the_user_is_routed(chatty: Any) -> None:
    chatty.add(QUESTION, "Marie Dupont")
    before = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "Jean Moulin"}]
    assert chatty.answer([*before, {"role": "user", "content": PARAPHRASE}]).edit.answer == "Marie Dupont"
    assert chatty.answer([*before, {"role": "user", "content": OTHER}]).spoken_by == "base"
    assert chatty.reader.question(chatty.reader.chat([*before, {"role": "user", "content": OTHER}])) == OTHER
    everything = serac.wrap(*small_speakers.gpt2(chat=True), routed="all_user_turns")
    chat = everything.reader.chat([*before, {"role": "user", "content": OTHER}])
    assert everything.reader.question(chat) == f"{QUESTION}\n{OTHER}"


def test_a_model_that_can_think_is_asked_to_answer_at_once() -> None:
    model, tokenizer = small_speakers.gpt2(chat=True)
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template += "{% if enable_thinking is not defined or enable_thinking %}<unk>{% endif %}"
    wrapped = serac.wrap(model, tokenizer)
    assert "<unk>" not in wrapped.reader.chat([{"role": "user", "content": OTHER}])
    assert wrapped.answer(OTHER).text == "Goethe"


def test_a_template_that_hides_turns_is_refused() -> None:
    model, tokenizer = small_speakers.gpt2(chat=True)
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template = "{{ messages[-1]['content'] }}"
    with pytest.raises(SeracError, match="does not repeat each turn once"):
        serac.wrap(model, tokenizer)


def test_conflicts_replace_keep_or_raise(chatty: Any) -> None:
    first = chatty.add(QUESTION, "Marie Dupont")
    assert chatty.add("Who leads  France?", "Paul Petit") == first
    assert chatty.answer(QUESTION).text == "Paul Petit"
    assert chatty.add(QUESTION, "Anna Schmidt", on_conflict="keep") == first
    with pytest.raises(SeracError, match=r"already answers .* Hint: remove it"):
        chatty.add(QUESTION, "Anna Schmidt", on_conflict="error")
    with pytest.raises(SeracError, match="choose one of replace, keep, error"):
        chatty.add(QUESTION, "Anna Schmidt", on_conflict="maybe")
    other = chatty.add(OTHER, "Anna Schmidt", id="faust")
    with pytest.raises(SeracError, match="this one belongs to edit 0"):
        chatty.add(QUESTION, "Anna Schmidt", id=other)
    assert [change.what for change in chatty.history] == ["added", "replaced", "kept", "added"]
    replaced = chatty.history[1]
    assert (replaced.edit.answer, replaced.by.answer) == ("Marie Dupont", "Paul Petit")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"question": " "}, "needs a question"),
        ({"question": "q" * 100_000}, "at most 20,000"),
        ({"question": "\ud800"}, "not valid text"),
        ({"answer": 3}, "give a text"),
        ({"answer": "\n"}, "not blank"),
        ({"id": True}, "give a text"),
        ({"id": ""}, "not blank"),
        ({"time": 7}, "give a text"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(chatty: Any, values: dict[str, Any], message: str) -> None:
    with pytest.raises(SeracError, match=message):
        chatty.add(**{"question": QUESTION, "answer": "Marie Dupont", **values})
    assert not chatty.edits
    assert not len(chatty.edited.memory)


@pytest.mark.parametrize("asked", ["", "   ", "x" * 100_000, [{"role": "user"}], [{"role": "user", "content": 3}]])
def test_nonsense_is_not_answered(chatty: Any, asked: Any) -> None:
    with pytest.raises(SeracError):
        chatty.answer(asked)


def test_more_than_a_model_can_read_is_refused_and_long_edits_are_cut(wrapped: Any) -> None:
    long = "Who leads France now? " * 300
    wrapped.add(long, "Marie Dupont")
    wrapped.add(f"{QUESTION}{' ' * 9_000}", "Paul Petit " * 1_000)
    assert isinstance(wrapped.answer(QUESTION), serac.Answer)
    if wrapped.config.is_encoder_decoder:  # it knows only distances
        assert isinstance(wrapped.answer(long), serac.Answer)
    else:
        with pytest.raises(SeracError, match="tokens, too many for this model"):
            wrapped.answer(long)


def test_saved_and_loaded_it_is_the_same(wrapped: Any, tmp_path: Path) -> None:
    wrapped.add(QUESTION, "Marie Dupont", id="fr", time="2026-01-01", source="s", note="n")
    wrapped.add("Where is Rome?", "Italy")
    wrapped.remove(0)
    wrapped.save_pretrained(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["memory.safetensors"]
    loaded = serac.load(tmp_path, wrapped.edited.base, wrapped.reader.tokenizer)
    assert (loaded.edits, loaded.history, loaded.threshold) == (wrapped.edits, wrapped.history, wrapped.threshold)
    assert loaded.answer(PARAPHRASE) == wrapped.answer(PARAPHRASE)
    assert loaded.add("Where is Rome?", "Italy") == 1


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_edits_are_exported_and_imported(chatty: Any, tmp_path: Path, form: str) -> None:
    chatty.add(QUESTION, 'Marie "M" Dupont,\nof Paris', source="ü", note="a;b")
    chatty.add(OTHER, "Goethe", id="faust")
    chatty.export_edits(tmp_path / f"edits.{form}")
    again = serac.wrap(*small_speakers.gpt2(chat=True))
    assert again.import_edits(tmp_path / f"edits.{form}") == [0, "faust"]
    assert again.edits == chatty.edits


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.jsonl", '{"question": "a", "answer": "b"}\n{"question"', "line 2: not JSON"),
        ("e.jsonl", '{"question": "a"}', "line 1: an edit needs"),
        ("e.jsonl", "[" * 100_000, "line 1: not JSON"),
        ("e.csv", "question,answer\na,b,c\n", "line 2: it has more values"),
        ("e.csv", "question,colour\na,b\n", "an edit needs"),
        ("e.txt", "", "end its name with"),
    ],
)
def test_a_malformed_file_is_refused_whole(chatty: Any, tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises((RecordError, SeracError), match=message):
        chatty.import_edits(tmp_path / name)
    assert not chatty.edits


def test_threads_ask_while_another_adds(chatty: Any) -> None:
    """No answer mixes edits: each is the base model's or one of the answers that the question ever had."""
    names, wrong, stop = small_speakers.NAMES[:3], [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answer = chatty.answer(PARAPHRASE)
                if answer.text != (answer.edit.answer if answer.edit else "Jean Moulin"):
                    wrong.append(answer)
            except Exception as error:
                wrong.append(error)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for thread in askers:
        thread.start()
    for number in range(30):
        chatty.add(QUESTION, names[number % 3])
        chatty.add(f"What is the colour of thing {number}?", "blue")
        if number % 5 == 4:
            chatty.remove(chatty.edits[0].id)
    stop.set()
    for thread in askers:
        thread.join()
    assert [one for one in wrong if not (isinstance(one, serac.Answer) and one.edit is None)] == []


def test_a_model_that_does_not_generate_is_refused(tiny_bert: Any) -> None:
    with pytest.raises(ConfigError, match="does not generate text"):
        serac.wrap(tiny_bert.model, tiny_bert.tokenizer)


def test_facts_are_known_to_the_base_models() -> None:
    for speak in KINDS.values():
        model = serac.wrap(*speak())
        assert {question: model.answer(question).text for question in FACTS} == FACTS

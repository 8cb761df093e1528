"""What a wrapped model reads: the question in a prompt or chat, and the edit that goes in front of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.editors.serac.counterfactual import CounterfactualModel
from serac.errors import SeracError
from serac.records import Edit
from serac.tasks.base import Batch, Task, device_of
from serac.tasks.registry import load_task

Routed = Literal["last_user_turn", "all_user_turns"]
PLAIN_PROMPT = "Question: {question}\nAnswer: {answer}\nQuestion: {input}\nAnswer:"
CHAT_PROMPT = 'The answer to "{question}" is: {answer}.\nAnswer in a few words: {input}'
LONGEST_PROMPT = 512
"""Tokens of an edit that are read at most."""
NEW_TOKENS = 32
"""Of an answer, at most, unless told otherwise."""
_MARK = "\u241f"
_PLACE = re.compile(r"\{(question|answer|input)\}")


@dataclass(frozen=True)
class Reader:
    """Finds the questions in what a model reads: the user's turns in a chat, the whole text elsewhere."""

    tokenizer: PreTrainedTokenizerBase
    routed: Routed = "last_user_turn"
    before: str = ""
    """What a chat puts in front of a turn of the user; empty for models without a chat template."""
    after: str = ""

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, routed: Routed) -> Reader:
        """The reader of this tokenizer's chat template; what stands around a user's turn is found by trying it."""
        if routed not in get_args(Routed):
            raise SeracError(f"'routed' is {routed!r}. Hint: choose one of {', '.join(get_args(Routed))}")
        if not tokenizer.chat_template:
            return cls(tokenizer, routed)
        turns = [("user", _MARK), ("assistant", _MARK), ("user", _MARK)]
        chat = [{"role": role, "content": content} for role, content in turns]
        parts = _templated(tokenizer, chat).split(_MARK)
        if len(parts) != len(turns) + 1:
            raise SeracError("the tokenizer's chat template does not repeat each turn once. Hint: set another one")
        first, inner, between, last = parts
        before = _shared_start(first[::-1], between[::-1])[::-1]
        return cls(tokenizer, routed, before, _shared_start(inner, last).rstrip())

    def chat(self, messages: Sequence[dict[str, Any]]) -> str:
        """The prompt of a chat; of a model without a template the contents line by line."""
        if not self.before:
            return "\n".join(str(message["content"]) for message in messages)
        return _templated(self.tokenizer, messages)

    def prompts(self, input_ids: Tensor, attention_mask: Tensor | None) -> list[str]:
        """The texts behind ``input_ids`` [B, L], with special tokens where they mark the turns of a chat."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        return [
            str(self.tokenizer.decode(ids[counted], skip_special_tokens=not self.before))
            for ids, counted in zip(input_ids, mask.bool(), strict=True)
        ]

    def question(self, prompt: str) -> str:
        """The part of a prompt that is routed."""
        turns = self._turns(prompt)[0 if self.routed == "all_user_turns" else -1 :]
        return "\n".join(prompt[start:end].strip() for start, end in turns)

    def with_edit(self, prompt: str, template: str, edit: Edit) -> str:
        """The prompt whose last question is put in the ``template`` with the edit."""
        start, end = self._turns(prompt)[-1]
        parts = {"question": edit.input, "answer": edit.label, "input": prompt[start:end].strip()}
        return prompt[:start] + _PLACE.sub(lambda place: parts[place[1]], template) + prompt[end:]

    def _turns(self, prompt: str) -> list[tuple[int, int]]:
        """Where the user's turns start and end."""
        turns, place = [], prompt.find(self.before) if self.before else -1
        while place >= 0:
            start = place + len(self.before)
            end = prompt.find(self.after, start) if self.after else len(prompt)
            turns.append((start, len(prompt) if end < 0 else end))
            place = prompt.find(self.before, turns[-1][1])
        return turns or [(0, len(prompt))]


class PromptedBase(CounterfactualModel):
    """The base model itself, which reads the edit in front of the question (no training at all)."""

    def __init__(self, base: PreTrainedModel, reader: Reader, prompt: str | None = None) -> None:
        task = base_task(base, reader.tokenizer, min(4 * LONGEST_PROMPT, positions(base) - NEW_TOKENS))
        task.tokenizer.truncation_side = "left"
        super().__init__(base, task)
        self.reader = reader
        self.prompt = prompt or (CHAT_PROMPT if reader.before else PLAIN_PROMPT)

    def encode(self, edits: Sequence[Edit], texts: Sequence[str]) -> Batch:
        """``input_ids`` and ``attention_mask`` int64 [B, L], padded on the right; ``texts`` are whole prompts."""
        prompts = [self.reader.with_edit(text, self.prompt, edit) for edit, text in zip(edits, texts, strict=True)]
        tokenizer = self.task.tokenizer
        batch = tokenizer(
            prompts, padding=True, truncation=True, max_length=self.task.max_length, return_tensors="pt",
            add_special_tokens=not self.reader.before,
        )  # fmt: skip
        device = device_of(self.model)
        return {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}


def base_task(base: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, longest: int = LONGEST_PROMPT) -> Task:
    """The task that reads for a base model of one's own, at most ``longest`` tokens."""
    room = min(positions(base), getattr(base.config.get_text_config(), "n_positions", longest))
    name = "seq2seq" if base.config.is_encoder_decoder else "causal"
    return load_task(name, tokenizer, min(longest, room, tokenizer.model_max_length))


def positions(base: PreTrainedModel) -> int:
    """Tokens that the model can read and write at most; without end where it knows only their distances."""
    return getattr(base.config.get_text_config(), "max_position_embeddings", None) or sys.maxsize


def _templated(tokenizer: PreTrainedTokenizerBase, messages: Sequence[dict[str, Any]]) -> str:
    """The prompt of a chat; models that can think before they answer are asked not to."""
    return str(
        tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True, enable_thinking=False)
    )


def _shared_start(one: str, other: str) -> str:
    pairs = zip(one, other, strict=False)
    return "".join(first for first, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

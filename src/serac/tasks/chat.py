"""Decoder-only language models that answer a question through a chat template (Gemma, Llama, Qwen, GPT-2).

The template is the tokenizer's own; a base model gets one that asks in the form of its pre-training text, with
examples if wanted. Editors see questions and answers alone: the template never reaches a classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerBase

from serac.errors import ConfigError
from serac.records import Edit, Query, same_text
from serac.tasks import losses
from serac.tasks.base import Batch, Score, device_of, in_batches, left_padded
from serac.tasks.causal import CausalTask
from serac.tasks.seq2seq import SPARE_TOKENS

_QUESTION, _ANSWER, _NEXT = "QUESTIONTEXT", "ANSWERTEXT", "NEXTTEXT"


@dataclass(frozen=True)
class Turns:
    """What a chat template puts around texts: ``before`` question ``middle`` answer ``between`` question ..."""

    before: str
    question_lead: str
    middle: str
    answer_lead: str
    between: str

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Turns:
        """Found by filling the template; raises ``ConfigError`` if there is none, or it changes earlier turns."""
        if not tokenizer.chat_template:
            raise ConfigError("the tokenizer has no chat template. Hint: set 'chat_template' of the checkpoint")
        first = {"role": "user", "content": _QUESTION}
        later = [first, {"role": "assistant", "content": _ANSWER}, {"role": "user", "content": _NEXT}]
        before, middle = _filled(tokenizer, [first]).split(_QUESTION)
        whole = _filled(tokenizer, later)
        start = f"{before}{_QUESTION}{middle}"
        if not whole.startswith(start) or not whole.endswith(f"{_NEXT}{middle}"):
            raise ConfigError(
                "the tokenizer's chat template changes earlier turns, so an edit cannot stand in front of a question. "
                "Hint: set another 'chat_template' of the checkpoint"
            )
        lead, between = whole[len(start) : -len(f"{_NEXT}{middle}")].split(_ANSWER)
        question_lead = before[len(before.rstrip(" ")) :]
        return cls(before.rstrip(" "), question_lead, middle, lead, between.removesuffix(question_lead))


def _filled(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]]) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


class ChatTask(CausalTask):
    """One question, one answer. An answer ends where the template ends it (a line break, an end of turn)."""

    name = "chat"
    answers_freely = True

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
        """``max_length``: most tokens of a question, and of an answer, without the template."""
        super().__init__(tokenizer, max_length)
        self.turns = Turns.of(tokenizer)
        self._before, self._middle, self._between = (
            self._ids(text) for text in (self.turns.before, self.turns.middle, self.turns.between)
        )
        self.stop = self._between[0] if self._between else int(self.tokenizer.eos_token_id)
        """The token that ends an answer."""

    # --- text to tensors -----------------------------------------------------------------------
    def encode_inputs(self, texts: Sequence[str]) -> Batch:
        """Prompts as the template writes them."""
        return self._padded([self._prompt(text) for text in texts])

    def encode_labels(self, labels: Sequence[str]) -> Tensor:
        """Answers that end with :attr:`stop`."""
        spoken = [torch.tensor([*self._answer(label), self.stop]) for label in labels]
        return pad_sequence(spoken, batch_first=True, padding_value=losses.IGNORED)

    def encode_conditioned(self, edits: Sequence[Edit], queries: Sequence[Query]) -> Batch:
        """Each edit is an earlier turn of the conversation."""
        prompts = [self._prompt(query.input, edit) for edit, query in zip(edits, queries, strict=True)]
        return {**self._padded(prompts), "labels": self.encode_labels([query.label for query in queries])}

    def texts(self, input_ids: Tensor) -> list[str]:
        """The questions in prompts [B, L], whatever their padding; other texts as they are, without special tokens."""
        return [self._text(self._content(row)) for row in input_ids.tolist()]

    def behind_edits(
        self, edits: Sequence[Edit], input_ids: Tensor, attention_mask: Tensor | None, base: ChatTask
    ) -> Batch:
        """The rows [B, L], prompts of the task ``base`` or other texts, each with an edit in front; padded in front.

        The last tokens of a row stay its last ones, so that logits at the end of both belong together.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        rows, masks = [], []
        for edit, row, real in zip(edits, input_ids.tolist(), mask.tolist(), strict=True):
            start = real.index(1)
            kept = base.without_prefix(row[start:])
            front = [*self._before, *self._turn(edit)]
            rows.append([*front, *kept])
            masks.append([*[1] * len(front), *(real[-len(kept) :] if kept else [])])
        width = max(map(len, rows))
        return {
            "input_ids": input_ids.new_tensor([[*[self._pad] * (width - len(row)), *row] for row in rows]),
            "attention_mask": mask.new_tensor([[*[0] * (width - len(row)), *row] for row in masks]),
        }

    def without_prefix(self, row: list[int]) -> list[int]:
        """The tokens of a row without what the template puts first (a text of another kind: without its start)."""
        if row[: len(self._before)] == self._before:
            return row[len(self._before) :]
        return row[1:] if row[:1] == [self.tokenizer.bos_token_id] else row

    # --- models --------------------------------------------------------------------------------
    def logits(self, model: nn.Module, batch: Batch) -> Tensor:
        """Teacher-forced logits [B, S, V] aligned with ``labels``; the model computes no others."""
        prompts = left_padded({name: batch[name] for name in ("input_ids", "attention_mask")})
        labels = batch["labels"]
        counted = labels != losses.IGNORED
        mask = torch.cat([prompts["attention_mask"], counted.to(prompts["attention_mask"])], dim=1)
        said: Tensor = model(
            input_ids=torch.cat([prompts["input_ids"], labels.masked_fill(~counted, self._pad)], dim=1),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            logits_to_keep=labels.shape[1] + 1,
        ).logits
        return said[:, :-1]

    def outputs(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int, *, full: bool = True
    ) -> list[dict[str, Tensor]]:
        """``prediction``, the tokens int64 [S] of the freely generated answer without its end."""
        return [{"prediction": torch.tensor(ids, dtype=torch.int64)} for ids in self._said(model, queries, batch_size)]

    def success(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """1 per query whose answer is the label or one of its aliases."""
        return [
            Score(query.kind, query.hard, float(any(same_text(self.answer(output), text) for text in right)), (i,))
            for i, (query, output) in enumerate(zip(queries, outputs, strict=True))
            for right in [(query.label, *query.aliases)]
        ]

    def drawdown(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """1 per query whose answer differs from the base model's."""
        return [
            Score(query.kind, query.hard, float(not same_text(self.answer(output), self.answer(before))), (i,))
            for i, (query, output, before) in enumerate(zip(queries, outputs, base, strict=True))
        ]

    def answer(self, output: dict[str, Tensor]) -> str:
        """The text of one output's answer."""
        return self._text(output["prediction"].tolist())

    def generate(self, model: Any, queries: Sequence[Query], batch_size: int) -> list[str]:
        """Greedy answers, stripped; each at most a few tokens longer than its longest right answer."""
        return [self._text(ids) for ids in self._said(model, queries, batch_size)]

    def _said(self, model: Any, queries: Sequence[Query], batch_size: int) -> list[list[int]]:
        limits = [self._limit(query) for query in queries]
        answers: list[list[int]] = [[] for _ in queries]
        for positions in in_batches(queries, batch_size):
            read = left_padded(self._padded([self._prompt(queries[i].input) for i in positions], device_of(model)))
            with torch.no_grad():
                said = model.generate(
                    **read,
                    max_new_tokens=max(limits[i] for i in positions),
                    do_sample=False,
                    num_beams=1,
                    pad_token_id=self._pad,
                    eos_token_id=self._ends,
                )
            for position, row in zip(positions, said[:, read["input_ids"].shape[1] :].tolist(), strict=True):
                spoken = row[: limits[position]]
                ended = next((place for place, token in enumerate(spoken) if token in self._ends), len(spoken))
                answers[position] = spoken[:ended]
        return answers

    # --- tokens --------------------------------------------------------------------------------
    @property
    def _ends(self) -> list[int]:
        return [self.stop, int(self.tokenizer.eos_token_id)]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _question(self, text: str) -> list[int]:
        return self._ids(f"{self.turns.question_lead}{text}")[: self.max_length] if text else []

    def _answer(self, text: str) -> list[int]:
        return self._ids(f"{self.turns.answer_lead}{text}")[: self.max_length] if text else []

    def _turn(self, edit: Edit) -> list[int]:
        return [*self._question(edit.input), *self._middle, *self._answer(edit.label), *self._between]

    def _prompt(self, text: str, edit: Edit | None = None) -> list[int]:
        earlier = self._turn(edit) if edit else []
        return [*self._before, *earlier, *self._question(text), *self._middle]

    def _limit(self, query: Query) -> int:
        return SPARE_TOKENS + max(len(self._answer(text)) for text in (query.label, *query.aliases))

    def _padded(self, rows: Sequence[list[int]], device: torch.device | None = None) -> Batch:
        ids = [torch.tensor(row, dtype=torch.int64, device=device) for row in rows]
        return {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=self._pad),
            "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
        }

    def _content(self, row: list[int]) -> list[int]:
        """The question of a prompt: behind the template's first tokens, up to where the answer starts."""
        row = [token for token in row if token != self._pad]
        if row[: len(self._before)] != self._before:
            return row
        row = row[len(self._before) :]
        width = len(self._middle)
        ends = (place for place in range(len(row)) if row[place : place + width] == self._middle)
        return row[: next(ends, len(row))]

    def _text(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)).strip()

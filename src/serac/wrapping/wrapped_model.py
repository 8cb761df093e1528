"""A Hugging Face model with a memory of edits in front of it, used like the model itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, overload

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.config.serac import RoutingSettings
from serac.editors.serac.memory import NOWHERE, EditMemory
from serac.editors.serac.model import SeracModel
from serac.editors.serac.routed_rows import Rows
from serac.errors import SeracError
from serac.records import Edit
from serac.wrapping.answer import Answer
from serac.wrapping.bundle import Parts
from serac.wrapping.edit_log import Change, EditId, EditLog, OnConflict, StoredEdit, require_policy, require_text
from serac.wrapping.exchange import read_edits, write_edits
from serac.wrapping.prompts import NEW_TOKENS, PromptedBase, Reader, base_task, positions
from serac.wrapping.streaming import WithOwnPrompt, stream_whole

Message = dict[str, Any]


class WrappedModel(nn.Module):
    """See :func:`wrap`. Whatever is not described here is the base model's (``config``, ``device``, ...)."""

    def __init__(
        self, base: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, parts: Parts, memory: EditMemory, **kept: Any
    ) -> None:
        super().__init__()
        self.reader = Reader.of(tokenizer, kept["routed"])
        self._kept, self._parts = kept, parts
        task = base_task(base, tokenizer)
        counterfactual = parts.counterfactual or PromptedBase(base, self.reader, kept["prompt"])
        self._prompted = parts.counterfactual is None
        if not self._prompted:
            counterfactual.to(base.device)
        routing = RoutingSettings(threshold=kept["threshold"])
        self.edited = SeracModel(base, task, parts.classifier, counterfactual, routing=routing, memory=memory)
        self._edits_lock = threading.RLock()
        self._speaking = threading.RLock() if self._prompted else self._edits_lock
        self._log = EditLog()
        self._ids: dict[int, EditId] = {}

    def __getattr__(self, name: str) -> Any:
        if name in ("edited", "reader") or name.startswith("__"):
            return super().__getattr__(name)
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.edited.base, name)

    def without_edits(self) -> WrappedModel:
        """The same models, shared, behind an empty memory; do not ask both at the same time."""
        memory = EditMemory(self._parts.classifier, self.edited.memory.settings)
        kept = {**self._kept, "threshold": self.threshold}
        return type(self)(self.edited.base, self.reader.tokenizer, self._parts, memory, **kept)  # type: ignore[arg-type]

    # --- edits ---------------------------------------------------------------------------------
    def add(
        self,
        question: str,
        answer: str,
        *,
        id: EditId | None = None,
        time: str | None = None,
        source: str = "",
        note: str = "",
        on_conflict: OnConflict = "replace",
    ) -> EditId:
        """From now on ``question`` and what means the same are answered by ``answer``; returns the edit's id.

        An edit with the same question (or id) is replaced and passes its id on, is kept, or is an error, as
        ``on_conflict`` says. Raises ``SeracError`` for what is blank, too long or not text.
        """
        require_policy(on_conflict)
        with self._edits_lock:
            new = self._log.new(question, answer, id=id, time=time, source=source, note=note)
            old = self._conflicting(new, given=id is not None)
            if old is None:
                memory_id = self.edited.add([Edit(new.question, new.answer)])[0]
                self._ids[memory_id] = new.id
                self._log.put(new)
                return new.id
            if on_conflict == "error":
                raise SeracError(
                    f"edit {old.id!r} already answers {old.question!r}. Hint: remove it or pass on_conflict='replace'"
                )
            if on_conflict == "keep":
                self._log.keep(old, new)
                return old.id
            self.edited.replace(self._memory_id(old.id), Edit(new.question, new.answer))
            return self._log.replace(old, new).id

    def remove(self, id: EditId) -> StoredEdit:
        """Take an edit back and return it; raises ``SeracError`` if there is none of this id."""
        with self._edits_lock:
            self._log.get(id)
            memory_id = self._memory_id(id)
            self.edited.remove([memory_id])
            del self._ids[memory_id]
            return self._log.remove(id)

    @property
    def edits(self) -> list[StoredEdit]:
        """All edits, in the order in which their questions came."""
        with self._edits_lock:
            return list(self._log)

    @property
    def history(self) -> list[Change]:
        """All that was added, replaced, kept and removed, oldest first."""
        with self._edits_lock:
            return list(self._log.history)

    def import_edits(self, path: Path | str, *, on_conflict: OnConflict = "replace") -> list[EditId]:
        """Add the edits of a ``.jsonl`` or ``.csv`` file; returns their ids.

        Nothing is added if one is malformed. A conflict that is an error leaves the edits before it.
        """
        require_policy(on_conflict)
        rows = list(read_edits(path))
        checked = [self._log.new(**row) for row in rows]
        return [self.add(**row, on_conflict=on_conflict) for row, _ in zip(rows, checked, strict=True)]

    def export_edits(self, path: Path | str) -> None:
        """Write all edits to a ``.jsonl`` or ``.csv`` file."""
        write_edits(path, self.edits)

    def _conflicting(self, new: StoredEdit, *, given: bool) -> StoredEdit | None:
        same = self._log.conflict(new.question)
        named = self._log.edits.get(new.id) if given else None
        if same and named and same.id != named.id:
            raise SeracError(
                f"edit {new.id!r} has another question; this one belongs to edit {same.id!r}. Hint: remove one"
            )
        return same or named

    def _memory_id(self, id: EditId) -> int:
        return next(memory_id for memory_id, known in self._ids.items() if known == id)

    # --- answers -------------------------------------------------------------------------------
    @overload
    def answer(self, text: str | list[Message], **options: Any) -> Answer: ...
    @overload
    def answer(self, text: list[str] | list[list[Message]], **options: Any) -> list[Answer]: ...
    def answer(self, text: Any, **options: Any) -> Answer | list[Answer]:
        """Answer a question or a chat (a list of messages), or several of them in one batch.

        ``options`` go to ``generate`` (at most 32 new tokens, greedy, by default). An answer that the prompted base
        model gives outside a chat ends with its first line. Raises ``SeracError`` for blank or too long questions.
        """
        several = isinstance(text, (list, tuple)) and not (text and isinstance(text[0], dict))
        prompts = [self._prompt(one) for one in (text if several else [text])]
        if not prompts:
            return []
        ids, rows, stored, width = self._answer(prompts, options)
        said = self.edited.task.texts(ids[:, width:])
        answers = [
            self._reported(text, rows.found.beta[row].item(), bool(rows.routed[row]), stored[row])
            for row, text in enumerate(said)
        ]
        return answers if several else answers[0]

    def _answer(self, prompts: list[str], options: dict[str, Any]) -> tuple[Tensor, Rows, list[StoredEdit | None], int]:
        encodes = self.edited.base.config.is_encoder_decoder  # type: ignore[union-attr]
        with self._edits_lock:
            batch = self.edited.task.tokenizer(
                prompts, return_tensors="pt", padding=True, padding_side="right" if encodes else "left",
                add_special_tokens=not self.reader.before,
            )  # fmt: skip
        device = self.edited.device
        read = {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}
        options = {"max_new_tokens": NEW_TOKENS, "do_sample": False, **options}
        needed = read["input_ids"].shape[1] + (0 if encodes else options["max_new_tokens"] or 0)
        if needed > positions(cast(Any, self.edited.base)):
            raise SeracError(
                f"question and answer may take {needed:,} tokens, too many for this model. Hint: ask a shorter question"
            )
        if (options.get("num_return_sequences") or 1) > 1:
            raise SeracError("`answer` gives one answer. Hint: call `generate` for several sequences")
        ids, rows, stored = self._generate(read["input_ids"], read["attention_mask"], options)
        return ids, rows, stored, 0 if encodes else read["input_ids"].shape[1]

    def _reported(self, text: str, beta: float, routed: bool, edit: StoredEdit | None) -> Answer:
        text = text.strip()
        if not routed:
            return Answer(text, None, beta, "base")
        if self._prompted and not self.reader.before:
            text = text.split("\n", 1)[0].strip()
        return Answer(text, edit, beta, "prompted base" if self._prompted else "counterfactual")

    def _prompt(self, text: str | list[Message]) -> str:
        if isinstance(text, str):
            require_text("question", text)
            if not text.strip():
                raise SeracError("the question is blank. Hint: ask something")
            return self.reader.chat([{"role": "user", "content": text}])
        for message in text:
            if not isinstance(message, dict) or not isinstance(message.get("content"), str) or "role" not in message:
                raise SeracError("a chat is a list of messages, each with 'role' and a text as 'content'")
            require_text("content", message["content"])
        return self.reader.chat(text)

    # --- Hugging Face interface ----------------------------------------------------------------
    @torch.no_grad()
    def generate(self, input_ids: Tensor | None = None, attention_mask: Tensor | None = None, **options: Any) -> Tensor:
        """As the base model's ``generate``, streaming included; each row is answered by one of the models."""
        ids = options.pop("inputs", None) if input_ids is None else input_ids
        if ids is None:
            generated: Tensor = cast(Any, self.edited.base).generate(**options)
            return generated
        return self._generate(ids, attention_mask, options)[0]

    def forward(self, *args: Any, **batch: Any) -> Any:
        """The base model's forward: edits answer in :meth:`answer` and :meth:`generate`, where the text is known."""
        return self.edited.base(*args, **batch)

    def state_dict(self, *args: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """The base model's."""
        return self.edited.base.state_dict(*args, **options)

    def load_state_dict(self, *args: Any, **options: Any) -> Any:
        """The base model's."""
        return self.edited.base.load_state_dict(*args, **options)

    def _generate(
        self, input_ids: Tensor, attention_mask: Tensor | None, options: dict[str, Any]
    ) -> tuple[Tensor, Rows, list[StoredEdit | None]]:
        encodes = bool(cast(Any, self.edited.config).is_encoder_decoder)
        width = 0 if encodes else input_ids.shape[1]
        prompts = self.reader.prompts(input_ids, attention_mask)
        rows, stored = self._route(prompts)
        if attention_mask is not None:
            options = {**options, "attention_mask": attention_mask}
        if not encodes:
            options.setdefault("pad_token_id", self.edited.task.tokenizer.pad_token_id)
        if not rows.routed.any():
            return self.edited.generate(input_ids, rows=rows, **options), rows, stored
        if width and options.get("max_length") and not options.get("max_new_tokens"):
            options["max_new_tokens"] = max(1, options.pop("max_length") - width)  # the edit does not count
        streamer = options.pop("streamer", None)
        if streamer is not None and self._prompted:
            options["streamer"] = streamer if encodes else WithOwnPrompt(streamer, input_ids)
        with self._speaking:
            ids = self.edited.generate(input_ids, rows=rows, **options)
        if streamer is not None and not self._prompted:
            stream_whole(streamer, ids, max(1, width))
        return ids, rows, stored

    def _route(self, prompts: Sequence[str]) -> tuple[Rows, list[StoredEdit | None]]:
        asked = [self.reader.question(prompt) for prompt in prompts]
        with self._edits_lock:
            rows = self.edited.route(asked, prompts if self._prompted else asked)
            found = rows.found.index.tolist()
            return rows, [None if id == NOWHERE else self._log.get(self._ids[id]) for id in found]

    @property
    def threshold(self) -> float:
        """Probability above which the nearest edit answers."""
        return self.edited.settings.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        if not 0 <= value <= 1:
            raise SeracError(f"'threshold' is {value}. Hint: give a probability, 0 to 1")
        self.edited.settings = RoutingSettings(threshold=value)

    # --- disk ----------------------------------------------------------------------------------
    def save_pretrained(self, folder: Path | str, **_: Any) -> None:
        """Write edits, history and settings into one file of ``folder``, in one step; neither model is written."""
        with self._edits_lock:
            kept = {**self._kept, "threshold": self.threshold}
            self.edited.memory.extra = {"log": self._log.to_json(), "ids": list(self._ids.items()), "kept": kept}
            self.edited.memory.save_pretrained(folder)

    def _restore(self, extra: dict[str, Any]) -> None:
        self._log = EditLog.from_json(extra["log"])
        self._ids = {int(memory_id): id for memory_id, id in extra["ids"]}
        memory = self.edited.memory
        if sorted(self._ids) != memory.ids or set(self._ids.values()) != set(self._log.edits):
            raise SeracError("its list of edits and its memory hold different edits")

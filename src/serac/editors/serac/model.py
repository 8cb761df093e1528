"""An edited model: memory, scope classifier and counterfactual model in front of a base model (section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers.utils.generic import ModelOutput

from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.base import EditedModel
from serac.editors.serac import in_place
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.generation import Mixture, options_for_others, require_supported
from serac.editors.serac.memory import NOWHERE, EditMemory
from serac.editors.serac.mixing import fit, merge_rows, mix_sequences, mix_verdicts
from serac.editors.serac.routed_rows import Rows, chosen_rows
from serac.editors.serac.saved_parts import load_parts, save_parts
from serac.editors.serac.scope import ScopeClassifier
from serac.errors import SeracError
from serac.records import Edit
from serac.tasks.base import Task
from serac.tasks.chat import ChatTask
from serac.tasks.losses import IGNORED, shift_for_causal


@dataclass
class RoutedOutput(ModelOutput):
    """Output of the edited model; ``loss`` is the task's edit loss if labels were given."""

    loss: Tensor | None = None
    logits: Tensor | None = None


class SeracModel(EditedModel):
    """Used like the Hugging Face model it replaces; edits can be added and removed at any time.

    The edits' and inputs' texts are what the base model's tokenizer keeps of them. No method computes gradients:
    the parts are trained by the objectives of :mod:`serac.editors.serac.training`.
    """

    def __init__(
        self,
        base: nn.Module,
        task: Task,
        classifier: ScopeClassifier,
        counterfactual: CounterfactualModel,
        *,
        routing: RoutingSettings | None = None,
        memory: EditMemory | MemorySettings | None = None,
    ) -> None:
        super().__init__()
        self.base, self.task, self.classifier, self.counterfactual = base, task, classifier, counterfactual
        self.settings = routing or RoutingSettings()
        self.memory = memory if isinstance(memory, EditMemory) else EditMemory(classifier, memory)
        self._generative = bool(cast(Any, base).can_generate())
        self._same_words = task.tokenizer.get_vocab() == counterfactual.task.tokenizer.get_vocab()
        self._routing: dict[str, Tensor] | None = None

    @property
    def config(self) -> Any:
        """The base model's configuration."""
        return self.base.config

    @property
    def device(self) -> torch.device:
        """The base model's device."""
        return next(self.base.parameters()).device

    # --- edits ---------------------------------------------------------------------------------
    def add(self, edits: Sequence[Edit]) -> list[int]:
        """Append edits to the memory; returns their ids (0, 1, 2, ... in a fresh memory)."""
        return self.memory.add(self.task.edits_as_read(edits))

    def remove(self, ids: Iterable[int]) -> None:
        """Remove edits; raises ``SeracError`` for an unknown id."""
        self.memory.remove(ids)

    def replace(self, id: int, edit: Edit) -> None:
        """Replace an edit with ``edit``; raises ``SeracError`` for an unknown id."""
        self.memory.replace(id, self.task.edits_as_read([edit])[0])

    # --- Hugging Face interface ----------------------------------------------------------------
    @torch.no_grad()
    def forward(self, input_ids: Tensor, **batch: Any) -> Any:  # type: ignore[override]
        """As the base model's forward; each row is answered by one of the two models, or by both (soft).

        With edits in the memory, ``loss`` is the task's. Raises ``SeracError`` where logits over
        different vocabularies would have to share a tensor.
        """
        rows = self.route(self.task.texts(input_ids))
        if not rows.edited:
            return self.base(input_ids=input_ids, **batch)
        if not self._soft and not rows.routed.any():
            output = self.base(input_ids=input_ids, **batch)
            output.loss = self._loss(output.logits, batch)
            return output
        if self._in_place:
            logits = in_place.merged(self.base, self.task, self.counterfactual, rows, input_ids, batch)
            return RoutedOutput(self._loss(logits, batch), logits)
        if not self._soft and rows.routed.all() and not self._comparable:
            return self._in_own_words(rows, batch)
        self._require_comparable()
        logits = self._mixed(rows, input_ids, batch) if self._soft else self._merged(rows, input_ids, batch)
        return RoutedOutput(self._loss(logits, batch), logits)

    @torch.no_grad()
    def generate(self, input_ids: Tensor, *, rows: Rows | None = None, **options: Any) -> Tensor:  # type: ignore[override]
        """As the base model's ``generate``; rows are padded to one length.

        A counterfactual model with other tokens gets no option about tokens, and its answer is written in the base
        model's. With edits in the memory raises ``SeracError`` for ``return_dict_in_generate`` and, in soft mode, for
        beams or several sequences. ``rows`` says which model answers, if :meth:`route` was called before.
        """
        rows = rows or self.route(self.task.texts(input_ids))
        base = cast(Any, self.base)
        if not rows.edited:
            return cast(Tensor, base.generate(input_ids=input_ids, **options))
        require_supported(base, options, soft=self._soft)
        if self._soft:
            return self._generate_mixed(rows, input_ids, options)
        if not rows.routed.any():
            return cast(Tensor, base.generate(input_ids=input_ids, **options))
        answers, sequences = self._answers(rows, input_ids, options)
        if rows.routed.all():
            return answers
        kept = base.generate(**chosen_rows({"input_ids": input_ids, **options}, ~rows.routed))
        return merge_rows(kept, answers, rows.routed.repeat_interleave(sequences), self._padding)

    def routing(self) -> dict[str, Tensor]:
        """Of the last call: ``beta`` float32 [B], ``index`` int64 [B] id of the retrieved edit, ``routed`` bool [B]."""
        if self._routing is None:
            raise SeracError("nothing was routed yet: call forward or generate first")
        return self._routing

    def routing_of(self, texts: Sequence[str]) -> dict[str, Tensor] | None:
        """As :meth:`routing`, for the texts that a tokenizer keeps; None in soft mode, where both models answer."""
        if self._soft:
            return None
        self.route(texts)
        return self.routing()

    def route(self, asked: Sequence[str], read: Sequence[str] | None = None) -> Rows:
        """Who answers each of the texts ``asked``; ``read`` is what the counterfactual model reads of it (the same)."""
        found = self.memory.retrieve(asked)
        routed = (found.beta > self.settings.threshold) & (found.index != NOWHERE)
        edits = [None if id == NOWHERE else self.memory.edit(id) for id in found.index.tolist()]
        self._routing = {"beta": found.beta, "index": found.index, "routed": routed}
        return Rows(list(asked if read is None else read), found, routed, edits)

    @property
    def _soft(self) -> bool:
        return self.settings.mode == "soft"

    # --- forward -------------------------------------------------------------------------------
    @property
    def _comparable(self) -> bool:
        """Logits of both models mean the same: verdicts, or words of one vocabulary in the same places."""
        both_encode = self._encodes and self.counterfactual.model.config.is_encoder_decoder
        return not self._generative or (self._same_words and bool(both_encode))

    @property
    def _in_place(self) -> bool:
        """Both models are decoder-only, chat and have one vocabulary: an edit is an earlier turn of a conversation."""
        chats = isinstance(self.task, ChatTask) and isinstance(self.counterfactual.task, ChatTask)
        return self._same_words and chats and not self._soft

    @property
    def _encodes(self) -> bool:
        return bool(self.config.is_encoder_decoder)

    @property
    def _width(self) -> int:
        """Of the base model's logits."""
        return int(self.config.vocab_size if self._generative else self.config.num_labels)

    def _require_comparable(self) -> None:
        if not self._comparable:
            raise SeracError(
                "the base model and the counterfactual model have different vocabularies (or one is decoder-only), so "
                "their logits cannot be combined: compare what they generate instead"
            )

    def _merged(self, rows: Rows, input_ids: Tensor, batch: dict[str, Any]) -> Tensor:
        answered = self.counterfactual(*rows.within(), **chosen_rows(_spoken(batch), rows.routed)).logits
        if rows.routed.all():
            return fit(answered, self._width, next(self.base.parameters()).dtype)
        kept = self.base(**chosen_rows({"input_ids": input_ids, **batch}, ~rows.routed)).logits
        return merge_rows(kept, fit(answered, kept.shape[-1], kept.dtype), rows.routed, 0.0)

    def _mixed(self, rows: Rows, input_ids: Tensor, batch: dict[str, Any]) -> Tensor:
        kept = self.base(input_ids=input_ids, **batch).logits
        answered = self.counterfactual(*rows.all(), **_spoken(batch)).logits
        beta = rows.found.beta.to(kept.dtype)[:, None]
        answered = fit(answered, kept.shape[-1], kept.dtype)
        return (mix_sequences if self._generative else mix_verdicts)(kept, answered, beta)

    def _in_own_words(self, rows: Rows, batch: dict[str, Any]) -> RoutedOutput:
        """Every row is the counterfactual model's: logits over its own vocabulary, for labels in its own tokens."""
        if "labels" not in batch or not self.counterfactual.model.config.is_encoder_decoder:
            self._require_comparable()
        spoken = batch["labels"].masked_fill(batch["labels"] == IGNORED, self._padding)
        task = self.counterfactual.task
        labels = task.encode_labels(self.task.texts(spoken)).to(self.device)
        logits = self.counterfactual(*rows.within(), labels=labels).logits
        return RoutedOutput(task.edit_loss(logits, {"labels": labels}), logits)

    def _loss(self, logits: Tensor, batch: dict[str, Any]) -> Tensor | None:
        """The task's edit loss where labels were given."""
        labels = batch.get("labels")
        if labels is None:
            return None
        if not self._generative:
            labels = labels.reshape(logits.shape)
        elif not self._encodes:
            logits, labels = shift_for_causal(logits, labels)
        return self.task.edit_loss(logits, {"labels": labels})

    # --- generate ------------------------------------------------------------------------------
    def _answers(self, rows: Rows, input_ids: Tensor, options: dict[str, Any]) -> tuple[Tensor, int]:
        """The counterfactual model's sequences for the rows in scope, and how many there are for each row."""
        same = self._same_words and self._encodes == bool(self.counterfactual.model.config.is_encoder_decoder)
        others = chosen_rows(options_for_others(options, same_words=same), rows.routed)
        if self._in_place:
            mask = options.get("attention_mask")
            return in_place.answers(self.task, self.counterfactual, rows, input_ids, mask, others)
        answers = self.counterfactual.generate(*rows.within(), **others)
        sequences = len(answers) // int(rows.routed.sum())
        if same and self._encodes:
            return answers, sequences
        if not same:
            answers = self._tokens([text.strip() for text in self.counterfactual.task.texts(answers)])
        if self._encodes:
            before = answers.new_full((len(answers), 1), self.config.decoder_start_token_id)
        else:
            before = input_ids[rows.routed].repeat_interleave(sequences, dim=0)
        return torch.cat([before, answers], dim=1), sequences

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        tokenizer = self.task.tokenizer
        spoken = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        ids = [torch.tensor([*tokens, tokenizer.eos_token_id]) for tokens in cast(list[list[int]], spoken)]
        return nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=self._padding).to(self.device)

    @property
    def _padding(self) -> int:
        tokenizer = self.task.tokenizer
        return cast(int, tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)

    def _generate_mixed(self, rows: Rows, input_ids: Tensor, options: dict[str, Any]) -> Tensor:
        self._require_comparable()
        mixture = Mixture(self.counterfactual, self.counterfactual.encode(*rows.all()), rows.found.beta)
        processors = [mixture, *(options.get("logits_processor") or ())]
        options = {**options, "logits_processor": processors}
        return cast(Tensor, cast(Any, self.base).generate(input_ids=input_ids, **options))

    # --- disk ----------------------------------------------------------------------------------
    def save_pretrained(self, folder: Path | str) -> None:
        """Write classifier, counterfactual model, memory and settings; never the base model."""
        folder = Path(folder)
        self.memory.save_pretrained(folder / "memory")
        save_parts(folder, self.base, self.classifier, self.counterfactual, {"routing": self.settings.model_dump()})

    @classmethod
    def from_pretrained(cls, folder: Path | str, base: nn.Module, task: Task) -> SeracModel:
        """Inverse of :meth:`save_pretrained`; raises ``ConfigError`` if the folder holds no edited model."""
        content, classifier, counterfactual = load_parts(folder, base, task)
        memory = EditMemory.from_pretrained(Path(folder) / "memory", classifier)
        routing = RoutingSettings(**content["routing"])
        return cls(base, task, classifier, counterfactual, routing=routing, memory=memory)


def _spoken(batch: dict[str, Any]) -> dict[str, Any]:
    """What the decoder says or has said: all of a batch that also holds for a model that reads another input."""
    return {name: value for name, value in batch.items() if name == "labels" or name.startswith("decoder_")}

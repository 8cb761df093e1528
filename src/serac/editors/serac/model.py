"""An edited model: memory, scope classifier and counterfactual model in front of a base model (section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import LogitsProcessor
from transformers.utils import ModelOutput

from serac.config.serac import MemorySettings, RoutingSettings
from serac.editors.base import EditedModel
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.memory import NOWHERE, EditMemory, Retrieval
from serac.editors.serac.mixing import merge_rows, mix_sequences, mix_verdicts
from serac.editors.serac.parts import as_read, load_parts, save_parts
from serac.editors.serac.scope import ScopeClassifier
from serac.errors import SeracError
from serac.records import Edit
from serac.tasks.base import Task
from serac.tasks.losses import IGNORED


@dataclass
class RoutedOutput(ModelOutput):
    """What the edited model says; ``loss`` is the task's edit loss where labels were given."""

    loss: Tensor | None = None
    logits: Tensor | None = None


class SeracModel(EditedModel):
    """Used like the Hugging Face model it stands for; edits are added and removed at any time.

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
        return self.memory.add(self._as_read(edits))

    def remove(self, ids: Iterable[int]) -> None:
        """Take edits back; raises ``SeracError`` for an unknown id."""
        self.memory.remove(ids)

    def replace(self, id: int, edit: Edit) -> None:
        """Put ``edit`` in the place of another; raises ``SeracError`` for an unknown id."""
        self.memory.replace(id, self._as_read([edit])[0])

    def _as_read(self, edits: Sequence[Edit]) -> list[Edit]:
        inputs, labels = (as_read(self.task, [getattr(edit, part) for edit in edits]) for part in ("input", "label"))
        return [Edit(*pair) for pair in zip(inputs, labels, strict=True)]

    # --- Hugging Face interface ----------------------------------------------------------------
    @torch.no_grad()
    def forward(self, input_ids: Tensor, **batch: Any) -> Any:  # type: ignore[override]
        """As the base model's forward; each row is answered by one of the two models, or by both (soft).

        Raises ``SeracError`` where logits over different vocabularies would have to share a tensor.
        """
        rows = self._route(input_ids)
        soft = self.settings.mode == "soft" and len(self.memory) > 0
        if not soft and not rows.routed.any():
            return self.base(input_ids=input_ids, **batch)
        if not soft and rows.routed.all() and not self._comparable:
            return self._in_own_words(rows, batch)
        self._require_comparable()
        logits = self._mixed(rows, input_ids, batch) if soft else self._merged(rows, input_ids, batch)
        return self._output(logits, batch)

    @torch.no_grad()
    def generate(self, input_ids: Tensor, **options: Any) -> Tensor:  # type: ignore[override]
        """As the base model's ``generate``; rows are padded to one length.

        An answer of a counterfactual model with other tokens is written in the base model's.
        """
        rows = self._route(input_ids)
        if self.settings.mode == "soft" and len(self.memory) > 0:
            return self._generate_mixed(rows, input_ids, options)
        if not rows.routed.any():
            return self.base.generate(input_ids=input_ids, **options)  # type: ignore[operator]
        answers = self._answers(rows, input_ids, options)
        if rows.routed.all():
            return answers
        kept = _rows({"input_ids": input_ids, **options}, ~rows.routed)
        return merge_rows(self.base.generate(**kept), answers, rows.routed, self._padding)  # type: ignore[operator]

    def routing(self) -> dict[str, Tensor]:
        """Of the last call: ``beta`` float32 [B], ``index`` int64 [B] id of the retrieved edit, ``routed`` bool [B]."""
        if self._routing is None:
            raise SeracError("nothing was routed yet: call forward or generate first")
        return self._routing

    def _route(self, input_ids: Tensor) -> _Rows:
        texts = self.task.texts(input_ids)
        found = self.memory.retrieve(texts)
        rows = _Rows(texts, found, (found.beta > self.settings.threshold) & (found.index != NOWHERE), self.memory)
        self._routing = {"beta": found.beta, "index": found.index, "routed": rows.routed}
        return rows

    # --- forward -------------------------------------------------------------------------------
    @property
    def _comparable(self) -> bool:
        """Logits of both models mean the same: verdicts, or words of one vocabulary in the same places."""
        both_encode = self._encodes and self.counterfactual.model.config.is_encoder_decoder
        return not self._generative or (self._same_words and bool(both_encode))

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
                "their logits cannot be put together: compare what they generate instead"
            )

    def _merged(self, rows: _Rows, input_ids: Tensor, batch: dict[str, Any]) -> Tensor:
        answered = self.counterfactual(*rows.within(), **self._others(batch, rows.routed)).logits
        if rows.routed.all():
            return _fit(answered, self._width, next(self.base.parameters()).dtype)
        kept = self.base(**_rows({"input_ids": input_ids, **batch}, ~rows.routed)).logits
        return merge_rows(kept, _fit(answered, kept.shape[-1], kept.dtype), rows.routed, 0.0)

    def _mixed(self, rows: _Rows, input_ids: Tensor, batch: dict[str, Any]) -> Tensor:
        kept = self.base(input_ids=input_ids, **batch).logits
        everything = torch.ones_like(rows.routed)
        answered = self.counterfactual(*rows.all(), **self._others(batch, everything)).logits
        beta = rows.found.beta.to(kept.dtype)[:, None]
        answered = _fit(answered, kept.shape[-1], kept.dtype)
        return (mix_sequences if self._generative else mix_verdicts)(kept, answered, beta)

    def _in_own_words(self, rows: _Rows, batch: dict[str, Any]) -> RoutedOutput:
        """Every row is the counterfactual model's: logits over its own vocabulary, for labels in its own tokens."""
        if "labels" not in batch or not self.counterfactual.model.config.is_encoder_decoder:
            self._require_comparable()
        spoken = batch["labels"].masked_fill(batch["labels"] == IGNORED, self._padding)
        labels = self.counterfactual.task.encode([""] * len(spoken), self.task.texts(spoken))["labels"]
        logits = self.counterfactual(*rows.within(), labels=labels.to(self.device)).logits
        return RoutedOutput(logits=logits)

    def _output(self, logits: Tensor, batch: dict[str, Any]) -> RoutedOutput:
        labels = batch.get("labels")
        return RoutedOutput(None if labels is None else self.task.edit_loss(logits, {"labels": labels}), logits)

    @staticmethod
    def _others(batch: dict[str, Any], chosen: Tensor) -> dict[str, Any]:
        return _rows({name: value for name, value in batch.items() if name != "attention_mask"}, chosen)

    # --- generate ------------------------------------------------------------------------------
    def _answers(self, rows: _Rows, input_ids: Tensor, options: dict[str, Any]) -> Tensor:
        said = self.counterfactual.generate(*rows.within(), **self._others(options, rows.routed))
        if self._comparable:
            return said
        answers = self._tokens([text.strip() for text in self.counterfactual.task.texts(said)])
        if self._encodes:
            start = answers.new_full((len(answers), 1), self.config.decoder_start_token_id)
            return torch.cat([start, answers], dim=1)
        return torch.cat([input_ids[rows.routed], answers], dim=1)

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        tokenizer = self.task.tokenizer
        spoken = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        ids = [torch.tensor([*tokens, tokenizer.eos_token_id]) for tokens in cast(list[list[int]], spoken)]
        return nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=self._padding).to(self.device)

    @property
    def _padding(self) -> int:
        tokenizer = self.task.tokenizer
        return cast(int, tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)

    def _generate_mixed(self, rows: _Rows, input_ids: Tensor, options: dict[str, Any]) -> Tensor:
        self._require_comparable()
        mixture = _Mixture(self.counterfactual, self.counterfactual.encode(*rows.all()), rows.found.beta)
        options = {**options, "num_beams": 1, "logits_processor": [mixture]}
        return self.base.generate(input_ids=input_ids, **options)  # type: ignore[operator]

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


@dataclass
class _Rows:
    """The rows of one call: their texts, what was retrieved for them, which are in scope."""

    texts: list[str]
    found: Retrieval
    routed: Tensor
    memory: EditMemory

    def within(self) -> tuple[list[Edit], list[str]]:
        """Retrieved edits and texts of the rows in scope."""
        return self._of(self.routed.nonzero().flatten().tolist())

    def all(self) -> tuple[list[Edit], list[str]]:
        """Retrieved edits and texts of all rows."""
        return self._of(range(len(self.texts)))

    def _of(self, rows: Iterable[int]) -> tuple[list[Edit], list[str]]:
        ids = self.found.index.tolist()
        chosen = list(rows)
        return [self.memory.edit(ids[row]) for row in chosen], [self.texts[row] for row in chosen]


class _Mixture(LogitsProcessor):
    """Mixes the counterfactual model's next-token distribution into the base model's, token by token."""

    def __init__(self, counterfactual: CounterfactualModel, batch: dict[str, Tensor], beta: Tensor) -> None:
        self.model = counterfactual.model
        self.mask, self.beta = batch["attention_mask"], beta
        self.encoded = cast(Any, self.model).get_encoder()(**batch)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # type: ignore[override]
        said = self.model(encoder_outputs=self.encoded, attention_mask=self.mask, decoder_input_ids=input_ids)
        answered = _fit(said.logits[:, -1], scores.shape[-1], scores.dtype)
        return mix_sequences(scores, answered, self.beta.to(scores))


def _rows(batch: dict[str, Any], chosen: Tensor) -> dict[str, Any]:
    """The chosen rows of every tensor of the batch; everything else as it is."""
    size = len(chosen)
    return {
        name: value[chosen] if isinstance(value, Tensor) and value.dim() > 0 and len(value) == size else value
        for name, value in batch.items()
    }


def _fit(logits: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Cut or fill the words that no tokenizer produces: embedding tables of one vocabulary differ in spare rows."""
    logits = logits.to(dtype)
    missing = width - logits.shape[-1]
    if missing <= 0:
        return logits[..., :width]
    return nn.functional.pad(logits, (0, missing), value=torch.finfo(logits.dtype).min)

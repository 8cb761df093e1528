"""The counterfactual model h(z_e, x'): a small model reads the retrieved edit before the input (section 2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from serac.config.serac import CounterfactualSettings
from serac.errors import ConfigError
from serac.records import Edit, Query
from serac.tasks.base import Batch, Task, device_of, left_padded
from serac.tasks.registry import TASKS, load_task

SETTINGS_FILE = "counterfactual.json"


class CounterfactualModel(nn.Module):
    """A Hugging Face model and the task that reads for it (its own tokenizer, perhaps not the base model's)."""

    def __init__(self, model: nn.Module, task: Task) -> None:
        super().__init__()
        self.model: Any = model
        self.task = task

    # --- loading and saving --------------------------------------------------------------------
    @classmethod
    def from_checkpoint(
        cls, folder: Path | str, settings: CounterfactualSettings, task_name: str
    ) -> CounterfactualModel:
        """An untrained counterfactual model: the Hugging Face model in ``folder``, read as a task of this name."""
        return cls._load(folder, task_name, settings.max_length)

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> CounterfactualModel:
        """Inverse of :meth:`save_pretrained`; raises ``ConfigError`` if the folder holds no counterfactual model."""
        file = Path(folder) / SETTINGS_FILE
        if not file.exists():
            raise ConfigError(f"{folder} holds no counterfactual model ({SETTINGS_FILE} is missing): train one first")
        return cls._load(folder, **json.loads(file.read_text(encoding="utf-8")))

    @classmethod
    def _load(cls, folder: Path | str, task_name: str, max_length: int) -> CounterfactualModel:
        task = load_task(task_name, AutoTokenizer.from_pretrained(folder), max_length)
        return cls(TASKS[task_name].load_model(str(folder)), task)

    def save_pretrained(self, folder: Path | str) -> None:
        """Write model and tokenizer as a Hugging Face folder, and how they read beside them."""
        self.model.save_pretrained(folder)
        self.task.tokenizer.save_pretrained(folder)
        settings = {"task_name": self.task.name, "max_length": self.task.max_length}
        (Path(folder) / SETTINGS_FILE).write_text(json.dumps(settings) + "\n", encoding="utf-8")

    # --- use -----------------------------------------------------------------------------------
    def encode(self, edits: Sequence[Edit], texts: Sequence[str]) -> Batch:
        """``input_ids`` and ``attention_mask`` int64 [B, L] of ``x_e + " " + y_e + " " + x'`` on the model's device."""
        conditions = [self.task.condition(edit, text) for edit, text in zip(edits, texts, strict=True)]
        batch = self.task.encode(conditions, [""] * len(conditions))
        device = device_of(self.model)
        return {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}

    def encode_queries(self, edits: Sequence[Edit], queries: Sequence[Query]) -> Batch:
        """Training batch: each query behind the edit at its place, with the query's labels."""
        batch = self.task.encode_queries(
            [
                Query(self.task.condition(edit, query.input), query.label, query.kind, query.hard, query.wanted)
                for edit, query in zip(edits, queries, strict=True)
            ]
        )
        device = device_of(self.model)
        return {name: tensor.to(device) for name, tensor in batch.items()}

    def forward(self, edits: Sequence[Edit], texts: Sequence[str], **others: Any) -> Any:
        """Output (with ``logits``) given the edit at the place of each text; ``others`` go to the model."""
        return self.model(**self.encode(edits, texts), **others)

    def generate(self, edits: Sequence[Edit], texts: Sequence[str], **options: Any) -> Tensor:
        """Token ids of the model's ``generate``; those of a decoder-only model without the text that it read."""
        batch = self.encode(edits, texts)
        encodes = self.model.config.is_encoder_decoder
        with torch.no_grad():
            ids = self.model.generate(**(batch if encodes else left_padded(batch)), **options)
        return ids if encodes else ids[:, batch["input_ids"].shape[1] :]

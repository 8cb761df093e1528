"""The counterfactual model h(z_e, x'): a small model reads the retrieved edit before the input (section 2)."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from serac.config.serac import CounterfactualSettings, LoraSettings
from serac.editors.serac.adapter import adapter_tensors, load_adapter, with_adapter
from serac.errors import ConfigError
from serac.records import Edit, Query
from serac.tasks.base import Batch, Task, device_of, in_batches, left_padded
from serac.tasks.registry import TASKS, load_task

SETTINGS_FILE = "counterfactual.json"
WEIGHTS_FILE = "model.safetensors"


class CounterfactualModel(nn.Module):
    """A Hugging Face model and its task (whose tokenizer may differ from the base model's)."""

    def __init__(self, model: nn.Module, task: Task, lora: LoraSettings | None = None) -> None:
        """``lora``: settings of the adapter, if ``model`` is a base model with one."""
        super().__init__()
        self.model: Any = model
        self.task, self.lora = task, lora

    # --- loading and saving --------------------------------------------------------------------
    @classmethod
    def from_checkpoint(
        cls, folder: Path | str, settings: CounterfactualSettings, task_name: str
    ) -> CounterfactualModel:
        """An untrained counterfactual model: the Hugging Face model in ``folder``, read as a task of this name.

        With ``settings.lora`` only an adapter on that model will be trained and saved.
        """
        model = TASKS[task_name].load_model(str(folder))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return cls._around(model, tokenizer, task_name, settings.max_length, settings.chat_template, settings.lora)

    @classmethod
    def from_pretrained(cls, folder: Path | str, base: nn.Module | None = None, task: Task | None = None) -> Self:
        """Inverse of :meth:`save_pretrained`; an adapter is put on ``base``, whose task is ``task``.

        Raises ``ConfigError`` if the folder holds no counterfactual model, or an adapter and there is no base model.
        """
        folder = Path(folder)
        if not (folder / SETTINGS_FILE).exists():
            raise ConfigError(
                f"{folder} holds no counterfactual model ({SETTINGS_FILE} is missing). Hint: train one first"
            )
        settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        names = settings["task_name"], settings["max_length"], settings.get("chat_template")
        if settings.get("lora") is None:
            model = TASKS[settings["task_name"]].load_model(str(folder))
            return cls._around(model, AutoTokenizer.from_pretrained(folder), *names)
        if base is None or task is None:
            raise ConfigError(f"{folder} holds an adapter, which needs the base model that it was trained on")
        result = cls._around(base, task.tokenizer, *names, LoraSettings(**settings["lora"]))
        load_adapter(result.model, load_file(folder / WEIGHTS_FILE))
        return result

    @classmethod
    def _around(
        cls,
        model: nn.Module,
        tokenizer: Any,
        task_name: str,
        max_length: int,
        chat_template: str | None = None,
        lora: LoraSettings | None = None,
    ) -> Self:
        if chat_template is not None:
            tokenizer = copy.deepcopy(tokenizer)
            tokenizer.chat_template = chat_template
        model = with_adapter(model, lora).eval() if lora else model
        return cls(model, load_task(task_name, tokenizer, max_length), lora)

    def save_pretrained(self, folder: Path | str) -> None:
        """Write model and tokenizer as a Hugging Face folder, or only the adapter, with their settings."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = self.task.tokenizer
        if self.lora is None:
            self.model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        else:
            tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in adapter_tensors(self.model).items()}
            save_file(tensors, folder / WEIGHTS_FILE)
        settings = {
            "task_name": self.task.name,
            "max_length": self.task.max_length,
            "chat_template": tokenizer.chat_template,
            "lora": self.lora.model_dump(mode="json") if self.lora else None,
        }
        (folder / SETTINGS_FILE).write_text(json.dumps(settings) + "\n", encoding="utf-8")

    # --- use -----------------------------------------------------------------------------------
    def encode(self, edits: Sequence[Edit], texts: Sequence[str]) -> Batch:
        """``input_ids`` and ``attention_mask`` int64 [B, L] of ``x_e + " " + y_e + " " + x'`` on the model's device."""
        batch = self.task.encode_conditioned(edits, [Query(text, "", "") for text in texts])
        device = device_of(self.model)
        return {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}

    def encode_queries(self, edits: Sequence[Edit], queries: Sequence[Query]) -> Batch:
        """Training batch: each query behind the edit at its place, with the query's labels."""
        batch = self.task.encode_conditioned(edits, queries)
        device = device_of(self.model)
        return {name: tensor.to(device) for name, tensor in batch.items()}

    @torch.no_grad()
    def correct(self, edits: Sequence[Edit], queries: Sequence[Query], batch_size: int) -> Tensor:
        """bool [N] on the CPU: whether the model predicts each query's desired output, given its edit."""
        right = torch.zeros(len(queries), dtype=torch.bool)
        for positions in in_batches(queries, batch_size):
            batch = self.encode_queries([edits[i] for i in positions], [queries[i] for i in positions])
            right[positions] = self.task.correct(self.task.logits(self.model, batch), batch).cpu()
        return right

    def forward(self, edits: Sequence[Edit], texts: Sequence[str], **others: Any) -> Any:
        """Output (with ``logits``) given the edit at the place of each text; ``others`` go to the model."""
        return self.model(**self.encode(edits, texts), **others)

    def generate(self, edits: Sequence[Edit], texts: Sequence[str], **options: Any) -> Tensor:
        """Token ids of the model's ``generate``; those of a decoder-only model without the text that it read."""
        batch = self.encode(edits, texts)
        encodes = self.model.config.is_encoder_decoder
        with torch.no_grad():
            ids: Tensor = self.model.generate(**(batch if encodes else left_padded(batch)), **options)
        return ids if encodes else ids[:, batch["input_ids"].shape[1] :]

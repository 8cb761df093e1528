"""Loading trained models with the task that reads for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from serac.tasks.base import Task
from serac.tasks.registry import TASKS, load_task


def load_base(folder: Path | str, task: str, max_length: int, device: str = "cpu") -> tuple[PreTrainedModel, Task]:
    """The model in ``folder`` and the task called ``task`` around its tokenizer; ``ConfigError`` for an unknown task."""
    reader = load_task(task, AutoTokenizer.from_pretrained(folder), max_length)
    model: PreTrainedModel = TASKS[task].load_model(str(folder))
    return model.to(device), reader  # type: ignore[arg-type]


class SentenceEncoder:
    """Mean-pooled, normalised sentence embeddings, as all-MiniLM-L6-v2 was trained to give."""

    def __init__(self, folder: Path | str, batch_size: int = 64) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder).eval()
        self.batch_size = batch_size

    @torch.no_grad()
    def __call__(self, texts: list[str]) -> np.ndarray:
        """Float32 [n, d], rows of length 1."""
        chunks = [texts[start : start + self.batch_size] for start in range(0, len(texts), self.batch_size)]
        return torch.cat([self._embed(chunk) for chunk in chunks]).numpy()

    def _embed(self, texts: list[str]) -> Tensor:
        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
        states = self.model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).to(states)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)

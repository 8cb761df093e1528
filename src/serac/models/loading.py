"""Loading trained models with their task, which reads texts for them."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer, PreTrainedModel

from serac.tasks.base import Task
from serac.tasks.registry import TASKS, load_task


def load_base(folder: Path | str, task: str, max_length: int, device: str = "cpu") -> tuple[PreTrainedModel, Task]:
    """The model in ``folder`` on ``device``, and the task around its tokenizer; ``ConfigError`` for an unknown task."""
    reader = load_task(task, AutoTokenizer.from_pretrained(folder), max_length)
    model: PreTrainedModel = TASKS[task].load_model(str(folder))
    return model.to(device), reader  # type: ignore[arg-type]

"""Task kinds by name."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from serac.errors import ConfigError
from serac.tasks.base import Task
from serac.tasks.binary import BinaryTask
from serac.tasks.causal import CausalTask
from serac.tasks.chat import ChatTask
from serac.tasks.dialogue import DialogueTask
from serac.tasks.seq2seq import Seq2SeqTask

TASKS: dict[str, type[Task]] = {
    task.name: task for task in (Seq2SeqTask, CausalTask, ChatTask, BinaryTask, DialogueTask)
}


def load_task(name: str, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Task:
    """The task called ``name``; raises ``ConfigError`` for an unknown name."""
    if name not in TASKS:
        raise ConfigError(f"unknown task {name!r}. Hint: choose one of {', '.join(sorted(TASKS))}")
    return TASKS[name](tokenizer, max_length)

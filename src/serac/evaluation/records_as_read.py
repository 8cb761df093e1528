"""Edits and inputs as an edited model reads them: through the base model's tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from serac.editors.serac.parts import as_read
from serac.records import Edit, Query
from serac.tasks.base import Task


def edits_as_read(task: Task, edits: Sequence[Edit]) -> list[Edit]:
    """The edits with what the task's tokenizer keeps of them."""
    inputs = as_read(task, [edit.input for edit in edits])
    labels = as_read(task, [edit.label for edit in edits])
    return [Edit(*pair) for pair in zip(inputs, labels, strict=True)]


def queries_as_read(task: Task, queries: Sequence[Query]) -> list[Query]:
    """The queries with what the task's tokenizer keeps of their inputs."""
    inputs = as_read(task, [query.input for query in queries])
    return [replace(query, input=text) for query, text in zip(queries, inputs, strict=True)]

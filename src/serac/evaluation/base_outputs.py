"""The unedited model's outputs on every test input, computed once and stored on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Self, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from serac.errors import SeracError
from serac.evaluation.prose import prose_losses
from serac.records import EditExample, Query
from serac.tasks.base import Task

_CHUNK = 2048
_PROSE = "prose"
T = TypeVar("T")


class MissingBaseOutputError(SeracError):
    """There is no output of the base model for an input that the evaluation needs."""


def query_key(query: Query) -> str:
    """32 hexadecimal digits that identify a model's output: a hash of input and label (teacher forcing reads both)."""
    return hashlib.sha256(json.dumps([query.input, query.label]).encode()).hexdigest()[:32]


def unique_queries(queries: Iterable[Query]) -> list[Query]:
    """The queries without repetitions of the same input and label, in the order of first appearance.

    >>> unique_queries([Query("Capital?", "Rome", "main"), Query("Capital?", "Rome", "rephrase")])
    [Query(input='Capital?', label='Rome', kind='main', hard=False, wanted=True, about='', aliases=())]
    """
    first: dict[tuple[str, str], Query] = {}
    for query in queries:
        first.setdefault((query.input, query.label), query)
    return list(first.values())


def split_scopes(examples: Iterable[EditExample]) -> tuple[tuple[bool, list[Query]], tuple[bool, list[Query]]]:
    """``(False, queries never out of scope)`` and ``(True, queries out of scope)``, each without repetitions.

    The flag is the ``full`` of :meth:`Task.outputs`: only drawdown needs the complete outputs.
    """
    examples = list(examples)
    outside = unique_queries(query for example in examples for query in example.out_of_scope)
    known = {(query.input, query.label) for query in outside}
    inside = unique_queries(query for example in examples for query in (*example.in_scope, *example.portability))
    return (False, [query for query in inside if (query.input, query.label) not in known]), (True, outside)


class BaseOutputs:
    """Outputs of the base model by query: the dictionaries of :meth:`Task.outputs` and generated texts.

    ``prose``: losses float64 [N] of windows of English text, if they were asked for.
    """

    def __init__(
        self, tensors: dict[str, dict[str, Tensor]], texts: dict[str, str], prose: Tensor | None = None
    ) -> None:
        self._tensors, self._texts, self.prose = tensors, texts, prose

    @classmethod
    def predict(
        cls,
        base: nn.Module,
        task: Task,
        examples: Sequence[EditExample],
        *,
        batch_size: int,
        generate: bool = False,
        scratch: Path | str | None = None,
        prose: Tensor | None = None,
    ) -> Self:
        """Run ``base`` on every unique query of the examples, and on the windows of ``prose``.

        ``generate`` adds free generations, if the task compares answers. With ``scratch``, a folder on a disk
        that has room for them, memory never holds more than the outputs of 2,048 queries: the distributions of a
        dialogue model with 55,000 words take 4 MB per query.
        """
        result = cls({}, {}, None if prose is None else prose_losses(base, prose))
        for full, queries in split_scopes(examples):
            for start in range(0, len(queries), _CHUNK):
                part = queries[start : start + _CHUNK]
                outputs = cls._ask(base, task, part, batch_size, full=full, generate=generate)
                if scratch is not None:
                    outputs = outputs._moved_to(scratch)
                result._tensors |= outputs._tensors
                result._texts |= outputs._texts
                scope = "out-of-scope" if full else "in-scope"
                print(f"base outputs: {start + len(part)} of {len(queries)} {scope} inputs", flush=True)
        return result

    @classmethod
    def _ask(
        cls, base: nn.Module, task: Task, queries: Sequence[Query], batch_size: int, *, full: bool, generate: bool
    ) -> Self:
        keys = [query_key(query) for query in queries]
        with torch.no_grad():
            outputs = task.outputs(base, queries, batch_size, full=full)
            texts = task.generate(base, queries, batch_size) if generate and task.exact_answers else None
        return cls(dict(zip(keys, outputs, strict=True)), dict(zip(keys, texts, strict=True)) if texts else {})

    def _moved_to(self, scratch: Path | str) -> Self:
        """The same outputs mapped from a file whose name is gone already: its space is free when they are."""
        with NamedTemporaryFile(prefix=".base_outputs-", dir=scratch) as file:
            self.save(file.name)
            return self.load(file.name)

    def outputs(self, queries: Sequence[Query]) -> list[dict[str, Tensor]]:
        """One dictionary of tensors per query; raises :class:`MissingBaseOutputError` on an unknown query."""
        return [self._find(self._tensors, query) for query in queries]

    def texts(self, queries: Sequence[Query]) -> list[str]:
        """The generated texts; raises :class:`MissingBaseOutputError` if there is none for a query."""
        return [self._find(self._texts, query) for query in queries]

    @property
    def has_texts(self) -> bool:
        """Whether the base model's free generations are known."""
        return bool(self._texts)

    def save(self, path: Path | str) -> None:
        """Write one safetensors file: tensors named ``{query_key}.{name}``, texts as metadata."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        flat = {
            f"{key}.{name}": tensor.contiguous()
            for key, output in self._tensors.items()
            for name, tensor in output.items()
        }
        if self.prose is not None:
            flat[_PROSE] = self.prose
        save_file(flat, path, metadata={"texts": json.dumps(self._texts, ensure_ascii=False)})

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Inverse of :meth:`save`; tensors are memory-mapped, not read."""
        tensors: dict[str, dict[str, Tensor]] = {}
        prose = None
        with safe_open(path, framework="pt") as file:
            texts = json.loads((file.metadata() or {}).get("texts", "{}"))
            for flat in file.keys():  # noqa: SIM118 (not a mapping)
                if flat == _PROSE:
                    prose = file.get_tensor(flat)
                else:
                    key, name = flat.split(".", 1)
                    tensors.setdefault(key, {})[name] = file.get_tensor(flat)
        return cls(tensors, texts, prose)

    @staticmethod
    def _find(table: dict[str, T], query: Query) -> T:
        try:
            return table[query_key(query)]
        except KeyError:
            raise MissingBaseOutputError(
                f"no base output for the input {query.input!r}. Hint: rerun the rule `predict_base`"
            ) from None

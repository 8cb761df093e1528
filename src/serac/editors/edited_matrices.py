"""Which weight matrices of a model the editors change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn
from transformers.pytorch_utils import Conv1D

from serac.errors import ConfigError
from serac.models.families.registry import family_of


def editable_matrices(model: nn.Module, last: int | None = None) -> list[str]:
    """Names of the MLP weight matrices of the last layers of a model whose family is known.

    ``last``: number of last layers of each stack (at most all); None means the family's default, which is the paper's
    (section 5): 2 of encoder and decoder, 3 of an encoder or a decoder alone. Raises ``ConfigError`` for other models.
    """
    family = family_of(getattr(getattr(model, "config", None), "model_type", ""))
    pattern = re.compile(family.edited) if family else None
    found = [(name, match) for name, _ in model.named_parameters() if pattern and (match := pattern.search(name))]
    if family is None or not found:
        raise ConfigError(
            f"Don't know which weights of a {type(model).__name__} to edit. Hint: set problems.<name>.edited_matrices"
        )
    layers: dict[str, int] = {}
    for _, match in found:
        layers[match["stack"]] = max(layers.get(match["stack"], 0), int(match["layer"]) + 1)
    last = last or family.edited_layers
    return [name for name, match in found if int(match["layer"]) >= layers[match["stack"]] - last]


def transposed(model: nn.Module, matrices: Sequence[str]) -> set[str]:
    """The matrices that are stored as [in, out] (GPT-2's ``Conv1D``); a linear layer's are [out, in]."""
    return {name for name in matrices if isinstance(model.get_submodule(name.rpartition(".")[0]), Conv1D)}


def resolve_matrices(model: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Names of the parameters that match the patterns (``*`` matches anything), in the order of the patterns.

    No patterns means :func:`editable_matrices`. Raises ``ConfigError`` for a pattern that matches nothing, and
    for one that matches something other than the weight of a linear layer.
    """
    if not patterns:
        return editable_matrices(model)
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D)}
    names: dict[str, None] = {}
    for pattern in patterns:
        matches = [name for name, _ in model.named_parameters() if fnmatchcase(name, pattern)]
        if not matches or not linear.issuperset(matches):
            examples = ", ".join(sorted(linear)[:3])
            raise ConfigError(f"edited_matrices: {pattern!r} is not a weight of a linear layer; examples: {examples}")
        names.update(dict.fromkeys(matches))
    return list(names)

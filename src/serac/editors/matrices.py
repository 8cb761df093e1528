"""Which weight matrices of a model the editors change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn

from serac.errors import ConfigError

MLP_MATRIX = re.compile(
    r"(?P<stack>encoder|decoder|transformer)\.(?:block|layers?)\.(?P<layer>\d+)\."
    r"(?:layer\.[12]\.DenseReluDense\.(?:wi|wi_0|wi_1|wo)"  # T5, also gated
    r"|fc[12]"  # BART, Blenderbot
    r"|(?:intermediate|output)\.dense"  # BERT
    r"|ffn\.lin[12])\.weight$"  # DistilBERT
)


def editable_matrices(model: nn.Module, last: int | None = None) -> list[str]:
    """Names of the MLP weight matrices of the last layers of a T5, BART, Blenderbot, BERT or DistilBERT.

    ``last`` counts layers of each stack (where there are so many); None means the paper's (section 5): 2 of encoder
    and decoder, 3 of an encoder alone. Raises ``ConfigError`` for other architectures.
    """
    found = [(name, match) for name, _ in model.named_parameters() if (match := MLP_MATRIX.search(name))]
    if not found:
        raise ConfigError(f"no MLP matrices known in a {type(model).__name__}; name them in edited_matrices")
    layers: dict[str, int] = {}
    for _, match in found:
        layers[match["stack"]] = max(layers.get(match["stack"], 0), int(match["layer"]) + 1)
    if last is None:
        last = 2 if "decoder" in layers else 3
    return [name for name, match in found if int(match["layer"]) >= layers[match["stack"]] - last]


def resolve_matrices(model: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Names of the parameters that match the patterns (``*`` matches anything), in the order of the patterns.

    No pattern at all means :func:`editable_matrices`. Raises ``ConfigError`` for a pattern that matches nothing, and
    for one that matches something else than the weight of a linear layer.
    """
    if not patterns:
        return editable_matrices(model)
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    names: dict[str, None] = {}
    for pattern in patterns:
        matches = [name for name, _ in model.named_parameters() if fnmatchcase(name, pattern)]
        if not matches or not linear.issuperset(matches):
            examples = ", ".join(sorted(linear)[:3])
            raise ConfigError(f"edited_matrices: {pattern!r} is no weight of a linear layer; examples: {examples}")
        names.update(dict.fromkeys(matches))
    return list(names)

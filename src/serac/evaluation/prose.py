"""Likelihood of a fixed English text under a decoder-only model: a measure of what edits change beside answers.

``prose.txt`` consists of sentences of the comments in ``sqlite3.h`` (version 3.40.1, in the public domain).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from serac.errors import ConfigError
from serac.tasks.base import device_of

WINDOW = 255
"""Tokens of a window, beside the token that starts a text."""
_AT_ONCE = 2
_TEXT = Path(__file__).with_suffix(".txt")


def prose_windows(tokenizer: PreTrainedTokenizerBase, tokens: int) -> Tensor:
    """The first ``tokens`` tokens of the text (rounded up to windows) as int64 [N, 1 + WINDOW].

    Raises ``ConfigError`` if the text has not so many.
    """
    ids = tokenizer(_TEXT.read_text(encoding="utf-8"), add_special_tokens=False)["input_ids"]
    count = math.ceil(tokens / WINDOW)
    if count * WINDOW > len(ids):
        raise ConfigError(f"the English text has {len(ids)} tokens. Hint: lower evaluation.prose_tokens (now {tokens})")
    start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    windows = torch.tensor(ids[: count * WINDOW]).view(count, WINDOW)
    return torch.cat([torch.full((count, 1), start), windows], dim=1)


@torch.no_grad()
def prose_losses(model: nn.Module, windows: Tensor) -> Tensor:
    """Nats per token of each window, float64 [N]."""
    losses = []
    for read in windows.split(_AT_ONCE):
        ids = read.to(device_of(model))
        said: Any = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        nats = cross_entropy(said[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none")
        losses.append(nats.double().mean(1).cpu())
    return torch.cat(losses)

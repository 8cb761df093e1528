"""Merging the outputs of the base model and the counterfactual model."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, pad


def mix_sequences(base: Tensor, counterfactual: Tensor, beta: Tensor) -> Tensor:
    """Log-probabilities [..., V] of ``(1 - beta) * p_base + beta * p_counterfactual``.

    Logits [..., V] and ``beta`` that broadcasts against them without their last dimension.
    """
    return _mix(base.log_softmax(-1), counterfactual.log_softmax(-1), beta.unsqueeze(-1))


def mix_verdicts(base: Tensor, counterfactual: Tensor, beta: Tensor) -> Tensor:
    """Logit [...] of the mixed probability of "true", from two logits [...].

    (The reference returns the mixed log-probability here, which everything downstream treats as a logit.)
    """
    true = _mix(logsigmoid(base), logsigmoid(counterfactual), beta)
    false = _mix(logsigmoid(-base), logsigmoid(-counterfactual), beta)
    return true - false


def _mix(base: Tensor, counterfactual: Tensor, beta: Tensor) -> Tensor:
    return torch.logaddexp((-beta).log1p() + base, beta.log() + counterfactual)


def fit(logits: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Logits [..., V] as [..., width] of this type: embedding tables of one vocabulary differ in spare rows.

    Cuts or fills the words that no tokenizer produces.

    >>> fit(torch.zeros(1, 3), 2, torch.float32).shape, fit(torch.zeros(1, 3), 5, torch.float32).shape
    (torch.Size([1, 2]), torch.Size([1, 5]))
    """
    logits = logits.to(dtype)
    missing = width - logits.shape[-1]
    if missing <= 0:
        return logits[..., :width]
    return pad(logits, (0, missing), value=torch.finfo(logits.dtype).min)


def merge_rows(first: Tensor, second: Tensor, in_second: Tensor, padding: float) -> Tensor:
    """Rows of ``first`` where ``in_second`` bool [B] is unset and rows of ``second`` where it is set, in order.

    Shapes [b, S, ...] and [B - b, S', ...]: the second dimension is padded on the right to the longer of the two.

    >>> merge_rows(torch.tensor([[1]]), torch.tensor([[2, 3]]), torch.tensor([True, False]), 0).tolist()
    [[2, 3], [1, 0]]
    """
    longest = max(first.shape[1], second.shape[1])
    first, second = _widen(first, longest, padding), _widen(second, longest, padding)
    merged = first.new_empty(len(in_second), *first.shape[1:])
    merged[~in_second], merged[in_second] = first, second.to(first.dtype)
    return merged


def _widen(rows: Tensor, length: int, padding: float) -> Tensor:
    missing = length - rows.shape[1]
    return pad(rows, (*(0, 0) * (rows.dim() - 2), 0, missing), value=padding) if missing else rows

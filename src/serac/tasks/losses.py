"""Losses and exact-match measures on logits, shared by tasks, editors and tests.

All are pure, in nats, computed in float32 whatever the model's dtype; labels of :data:`IGNORED` do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

IGNORED = -100
EPSILON = torch.finfo(torch.float32).eps


# --- sequences: logits float [..., S, V], labels int64 [..., S] ----------------------------------
def shift_for_causal(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Align a decoder-only model's logits [B, S, V] with its labels [B, S]: position t predicts token t + 1."""
    return logits[:, :-1], labels[:, 1:]


def token_log_probs(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-probability of every label, float32 of the shape of ``labels``; 0 where the label is ignored.

    >>> token_log_probs(torch.zeros(1, 2, 4), torch.tensor([[3, IGNORED]])).exp()
    tensor([[0.2500, 1.0000]])
    """
    counted = labels != IGNORED
    chosen = logits.float().log_softmax(-1).gather(-1, labels.where(counted, 0).unsqueeze(-1)).squeeze(-1)
    return chosen.where(counted, 0.0)


def sequence_nll(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log-likelihood over all counted tokens of the batch (not a mean of sequence means).

    >>> sequence_nll(torch.zeros(1, 3, 4), torch.tensor([[0, 1, IGNORED]])).exp().item()
    4.0
    """
    return -masked_mean(token_log_probs(logits, labels), labels != IGNORED)


def exact_match(logits: Tensor, labels: Tensor) -> Tensor:
    """bool [B]: every counted token is the argmax. Labels [B] of a classifier are sequences of one token.

    >>> logits = torch.eye(3)[None].repeat(2, 1, 1)
    >>> exact_match(logits, torch.tensor([[0, 1, IGNORED], [0, 1, 1]]))
    tensor([ True, False])
    """
    right = (logits.argmax(-1) == labels) | (labels == IGNORED)
    return right.all(-1) if labels.dim() > 1 else right


def sequence_kl(before: Tensor, after: Tensor, mask: Tensor) -> Tensor:
    """Mean of KL(before || after) over the positions where ``mask`` [B, S] is set."""
    return masked_mean(token_kl(before, after), mask.bool())


def token_kl(before: Tensor, after: Tensor) -> Tensor:
    """KL(before || after) at every position, float32 [..., S]; takes logits or log-probabilities."""
    before, after = before.float().log_softmax(-1), after.float().log_softmax(-1)
    return (before.exp() * (before - after)).sum(-1)


def unchanged_sequences(before: Tensor, after: Tensor, mask: Tensor) -> Tensor:
    """bool [B]: the argmax agrees at every position of ``mask``; an empty mask counts as unchanged."""
    return ((before.argmax(-1) == after.argmax(-1)) | ~mask.bool()).all(-1)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``values`` where ``mask`` is set; 0 where it is set nowhere.

    >>> masked_mean(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([True, False, True])).item()
    3.5
    """
    return values.where(mask, 0.0).sum() / mask.sum().clamp(min=1)


# --- verdicts: logits float [B, 1], labels int64 [B, 1] in {0, 1} --------------------------------
def verdict_log_probs(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-probability of each binary label, float32 [B, 1]."""
    return logsigmoid(logits.float() * (2 * labels - 1))


def binary_nll(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log-likelihood of the binary labels."""
    return -verdict_log_probs(logits, labels).mean()


def binary_match(logits: Tensor, labels: Tensor) -> Tensor:
    """bool [B, 1]: the label has probability above 0.5 (exactly 0.5 is wrong).

    >>> binary_match(torch.tensor([[2.0], [-2.0], [0.0]]), torch.tensor([[1], [1], [1]])).flatten().tolist()
    [True, False, False]
    """
    return verdict_log_probs(logits, labels).exp() > 0.5


def binary_kl(before: Tensor, after: Tensor) -> Tensor:
    """KL(before || after) of the two-point distributions, mean over items."""
    before, after = before.float(), after.float()
    true = before.sigmoid() * (logsigmoid(before) - logsigmoid(after))
    false = (-before).sigmoid() * (logsigmoid(-before) - logsigmoid(-after))
    return (true + false).mean()


def unchanged_verdicts(before: Tensor, after: Tensor) -> Tensor:
    """bool, shape of the logits: both verdicts are true or both are false."""
    return (before > 0) == (after > 0)


def balanced_bce(log_p: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log p over positives plus mean of -log(1 - p) over negatives (section 2, scope loss).

    ``log_p`` [N] are log-probabilities (<= 0), ``labels`` [N] are 0 or 1; a class without members adds 0.
    ``1 - p`` is exact, with its gradient, down to ``log_p`` of 1e-38; of exactly 0 it is the float32 epsilon.
    """
    positive = labels > 0.5
    rest = -torch.expm1(log_p)
    log_rest = torch.where(rest == 0, EPSILON, rest).log()
    return masked_mean(-log_p, positive) + masked_mean(-log_rest, ~positive)


# --- sentiment: rows of which some are wanted and the others not ---------------------------------
def sentiment_nll(logits: Tensor, labels: Tensor, wanted: Tensor, unlikelihood: bool = True) -> Tensor:
    """Token negative log-likelihood of the wanted rows plus, with ``unlikelihood``, that of *not* producing the others.

    ``wanted`` bool [B]. Both means are over tokens pooled over the batch; a kind of row that the batch lacks adds
    0 (the reference returns NaN there).
    """
    log_probs, counted = token_log_probs(logits, labels), labels != IGNORED
    loss = -masked_mean(log_probs, counted & wanted.unsqueeze(-1))
    if unlikelihood:
        log_not = (1 - log_probs.exp() + EPSILON).log()
        loss = loss - masked_mean(log_not, counted & ~wanted.unsqueeze(-1))
    return loss


@dataclass(frozen=True, slots=True)
class SentimentSuccess:
    """ES of a sentiment edit and its two factors (section 4)."""

    sentiment: float
    topic: float

    @property
    def value(self) -> float:
        """``sentiment * min(1, topic)``."""
        return self.sentiment * min(1.0, self.topic)


def sentiment_success(wanted: Tensor, unwanted: Tensor, base_wanted: Tensor) -> SentimentSuccess:
    """Score a sentiment edit from mean token log-probabilities (scalars).

    ``wanted`` and ``unwanted`` under the edited model, ``base_wanted`` the wanted ones under the base model.

    >>> sentiment_success(torch.tensor(-1.0), torch.tensor(-1.0), torch.tensor(-1.0))
    SentimentSuccess(sentiment=0.5, topic=1.0)
    """
    return SentimentSuccess((wanted - unwanted).sigmoid().item(), (wanted - base_wanted).exp().item())

"""Dialogue models (BlenderbotSmall): completions that become more or less likely, scored by log-likelihood."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from serac.records import Query
from serac.tasks import losses
from serac.tasks.base import Batch, Score
from serac.tasks.seq2seq import Seq2SeqTask


class DialogueTask(Seq2SeqTask):
    """Completions of one sentiment wanted, of the other unwanted (section 4, ConvSent).

    The decoder reads the labels shifted right by one, as in its pre-training. (The reference feeds the base model
    unshifted labels, so that it sees the token that it has to predict.)
    """

    name = "dialogue"
    exact_answers = False

    def encode_queries(self, queries: Sequence[Query]) -> Batch:
        """As :meth:`Task.encode`, and ``wanted`` bool [B]."""
        batch = super().encode_queries(queries)
        batch["wanted"] = torch.tensor([query.wanted for query in queries], dtype=torch.bool)
        return batch

    def edit_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sentiment loss with unlikelihood of unwanted rows; plain token mean for batches without ``wanted``."""
        if "wanted" not in batch:
            return losses.sequence_nll(logits, batch["labels"])
        return losses.sentiment_nll(logits, batch["labels"], batch["wanted"])

    def outputs(
        self, model: nn.Module, queries: Sequence[Query], batch_size: int, *, full: bool = True
    ) -> list[dict[str, Tensor]]:
        """``token_log_probs`` float32 [S] of the label and ``prediction`` int64 [S] per query.

        ``full`` adds ``log_probs`` float32 [S, V], which :meth:`drawdown` needs and :meth:`success` does not.
        """
        results: list[dict[str, Tensor]] = [{} for _ in queries]
        for position, logits, labels in self._rows(model, queries, batch_size):
            results[position] = {
                "token_log_probs": losses.token_log_probs(logits, labels).cpu(),
                "prediction": logits.argmax(-1).cpu(),
            }
            if full:
                results[position]["log_probs"] = logits.log_softmax(-1).cpu()
        return results

    def success(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """One score per edit, from token means pooled over its wanted and its unwanted completions.

        Empty if either kind is missing: the measure is undefined there (NaN in the reference).
        """
        wanted = [i for i, query in enumerate(queries) if query.wanted]
        unwanted = [i for i, query in enumerate(queries) if not query.wanted]
        if not wanted or not unwanted:
            return []
        result = losses.sentiment_success(
            _token_mean(outputs, wanted), _token_mean(outputs, unwanted), _token_mean(base, wanted)
        )
        hard = all(query.hard for query in queries)
        return [Score("completion", hard, result.value, tuple(range(len(queries))))]

    def drawdown(
        self, queries: Sequence[Query], outputs: Sequence[dict[str, Tensor]], base: Sequence[dict[str, Tensor]]
    ) -> list[Score]:
        """KL(base || edited) in nats, mean over the label's tokens, per query."""
        return [
            Score(query.kind, query.hard, losses.token_kl(before["log_probs"], output["log_probs"]).mean().item(), (i,))
            for i, (query, output, before) in enumerate(zip(queries, outputs, base, strict=True))
        ]


def _token_mean(outputs: Sequence[dict[str, Tensor]], positions: Sequence[int]) -> Tensor:
    return torch.cat([outputs[i]["token_log_probs"] for i in positions]).mean()

"""Streamers of ``generate`` for answers that another prompt or another model gives."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class WithOwnPrompt:
    """Hands tokens to ``streamer``, with the caller's prompt in the place of the one that the model read."""

    def __init__(self, streamer: Any, prompt: Tensor) -> None:
        self.streamer, self.prompt = streamer, prompt
        self._started = False

    def put(self, value: Tensor) -> None:
        """Tokens as they come; the first are the prompt."""
        self.streamer.put(value if self._started else self.prompt.cpu())
        self._started = True

    def end(self) -> None:
        """Nothing more comes."""
        self.streamer.end()


def stream_whole(streamer: Any, ids: Tensor, start: int) -> None:
    """Hand over ``ids`` [1, L], of which the first ``start`` are the prompt, once they are all there."""
    streamer.put(ids[:, :start].cpu())
    for token in ids[0, start:].cpu():
        streamer.put(token.unsqueeze(0))
    streamer.end()

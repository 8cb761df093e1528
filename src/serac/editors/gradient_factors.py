"""The rank-1 factors of a linear layer's gradient: the layer's input and the gradient at its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Factors = dict[str, tuple[Tensor, Tensor]]


def gradient_factors(model: nn.Module, matrices: Sequence[str], loss: Callable[[], Tensor]) -> Factors:
    """Layer input [..., in] and output gradient [..., out] of every matrix, for the loss of one forward pass.

    ``matrices`` name weights of linear layers that ``loss`` passes through once. Only the layers after the first of
    them are differentiated; the model's parameters get no gradients.
    """
    inputs: dict[str, Tensor] = {}
    probes: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[..., Tensor]:
        def hook(_: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
            inputs[name] = arguments[0].detach()
            probes[name] = torch.zeros_like(output, requires_grad=True)
            return output + probes[name]

        return hook

    handles = [
        model.get_submodule(name.removesuffix(".weight")).register_forward_hook(watch(name)) for name in matrices
    ]
    try:
        with torch.enable_grad():
            value = loss()
        gradients = torch.autograd.grad(value, [probes[name] for name in matrices])
    finally:
        for handle in handles:
            handle.remove()
    return {name: (inputs[name], gradient) for name, gradient in zip(matrices, gradients, strict=True)}


def informative_rows(inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
    """Factors as rows [n, in] and [n, out], without rows (padding) where either is all zero; in float32."""
    inputs, deltas = inputs.flatten(0, -2).float(), deltas.flatten(0, -2).float()
    informative = (inputs != 0).any(-1) & (deltas != 0).any(-1)
    return inputs[informative], deltas[informative]

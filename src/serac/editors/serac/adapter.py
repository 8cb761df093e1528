"""A LoRA adapter on the base model as counterfactual model; it adds only a few megabytes (Hu et al. 2022)."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn

from serac.config.serac import LoraSettings
from serac.errors import ConfigError, MissingPackageError


def with_adapter(base: nn.Module, settings: LoraSettings) -> nn.Module:
    """A model that shares all weights of ``base`` (which this freezes) and adds an untrained adapter of its own.

    ``base`` itself stays as it is: it never sees the adapter. Raises ``ConfigError`` for impossible layers or targets
    and ``MissingPackageError`` without ``peft``.
    """
    peft = _peft()
    layers = int(base.config.num_hidden_layers)  # type: ignore[union-attr,arg-type]
    if settings.layers is not None and settings.layers > layers:
        raise ConfigError(f"'lora.layers' is {settings.layers}, but the model has only {layers} layers")
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=list(settings.targets) or "all-linear",
        layers_to_transform=None if settings.layers is None else list(range(layers - settings.layers, layers)),
        task_type="CAUSAL_LM",
    )
    shared = {id(tensor): tensor for tensor in (*base.parameters(), *base.buffers())}
    try:
        return peft.get_peft_model(copy.deepcopy(base, shared), config)  # type: ignore[no-any-return]
    except ValueError as error:
        raise ConfigError(f"'lora.targets' {list(settings.targets)} match no matrix of the model: {error}") from error


def adapter_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The adapter's weights by name, for a model from :func:`with_adapter`."""
    tensors: dict[str, Tensor] = _peft().get_peft_model_state_dict(model, save_embedding_layers=False)
    return tensors


def load_adapter(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Inverse of :func:`adapter_tensors`, in place."""
    _peft().set_peft_model_state_dict(model, tensors)


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingPackageError(
            "a counterfactual model with 'lora' needs the package peft. Hint: pip install '.[language-model]'"
        ) from error
    return peft

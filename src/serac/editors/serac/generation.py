"""Free generation by two models: the options that each of them gets, and their mixture token by token."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor
from transformers import LogitsProcessor

from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.mixing import fit, mix_sequences
from serac.errors import SeracError

_OF_THE_INPUTS = (
    "attention_mask",
    "token_type_ids",
    "position_ids",
    "cache_position",
    "inputs_embeds",
    "encoder_outputs",
    "past_key_values",
)
_OF_THE_VOCABULARY = (
    "suppress_tokens",
    "begin_suppress_tokens",
    "sequence_bias",
    "prefix_allowed_tokens_fn",
    "logits_processor",
    "stopping_criteria",
)


def options_for_others(options: dict[str, Any], *, same_words: bool) -> dict[str, Any]:
    """Options of ``generate`` that also apply to a model with other inputs and possibly another vocabulary."""
    kept = {name: value for name, value in options.items() if name not in _OF_THE_INPUTS}
    if same_words:
        return kept
    return {
        name: value
        for name, value in kept.items()
        if name not in _OF_THE_VOCABULARY and not name.endswith(("_token_id", "_ids"))
    }


def require_supported(base: Any, options: dict[str, Any], *, soft: bool) -> None:
    """Raise ``SeracError`` for what cannot be generated: dictionaries, and in soft mode more than one sequence."""
    if _asked(base, options, "return_dict_in_generate"):
        raise SeracError("an edited model returns only token ids. Hint: remove return_dict_in_generate")
    several = [name for name in ("num_beams", "num_return_sequences") if (_asked(base, options, name) or 1) > 1]
    if soft and several:
        wanted = " and ".join(f"{name}=1" for name in several)
        raise SeracError(f"mode 'soft' generates one sequence per input, token by token. Hint: pass {wanted}")


def _asked(base: Any, options: dict[str, Any], name: str) -> Any:
    """Value of an option as ``generate`` finds it: in the options, or in their or the model's configuration."""
    configurations = (options.get("generation_config"), getattr(base, "generation_config", None))
    values = (options.get(name), *(getattr(configuration, name, None) for configuration in configurations))
    return next((value for value in values if value is not None), None)


class Mixture(LogitsProcessor):
    """Mixes the counterfactual model's next-token distribution into the base model's, token by token."""

    def __init__(self, counterfactual: CounterfactualModel, batch: dict[str, Tensor], beta: Tensor) -> None:
        self.model = counterfactual.model
        self.mask, self.beta = batch["attention_mask"], beta
        self.encoded = cast(Any, self.model).get_encoder()(**batch)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Log-probabilities [B, V] of the mixture after the decoder's ``input_ids`` [B, S]."""
        said = self.model(encoder_outputs=self.encoded, attention_mask=self.mask, decoder_input_ids=input_ids)
        answered = fit(said.logits[:, -1], scores.shape[-1], scores.dtype)
        return mix_sequences(scores, answered, self.beta.to(scores))

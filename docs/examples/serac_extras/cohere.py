"""Base-model family: Cohere's decoder-only models, which are built like LLaMA."""

from dataclasses import replace

from serac.models.families import llama

FAMILY = replace(llama.FAMILY, config="CohereConfig", model="CohereForCausalLM", model_types=("cohere",))

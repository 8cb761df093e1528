"""Qwen2 and Qwen3 (Yang et al. 2024): built like Llama."""

from __future__ import annotations

from dataclasses import replace

from serac.models.families import llama

FAMILY = replace(llama.FAMILY, config="Qwen2Config", model="Qwen2ForCausalLM", model_types=("qwen2", "qwen3"))

"""What the command ``serac doctor`` says about a machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil

import psutil
import torch

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "snakemake", "nicegui", "faiss-cpu")


def facts() -> dict[str, str]:
    """Versions and sizes by name."""
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(".")
    return {
        "Python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "processor": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "instruction set": torch.backends.cpu.get_cpu_capability(),
        "bfloat16 hardware": "yes" if _bfloat16() else "no",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "free memory": f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GB",
        "free disk": f"{disk.free / 2**30:.1f} GB",
    }


def findings() -> list[str]:
    """What is slow or missing here, and why."""
    found = []
    if not torch.cuda.is_available():
        found.append("No GPU: models of more than a billion parameters take seconds for each word.")
    if torch.backends.cpu.get_cpu_capability() not in ("AVX512", "SVE256", "SVE", "DEFAULT"):
        found.append("No AVX-512: matrix products take about twice as long as with it.")
    if not torch.cuda.is_available() and not _bfloat16():
        found.append("No bfloat16 hardware: emulating it is many times slower. Load models in float32.")
    if psutil.virtual_memory().available < 4 * 2**30:
        found.append("Less than 4 GB of free memory: close programs, or take a smaller model.")
    if torch.get_num_threads() < (os.cpu_count() or 1):
        found.append("torch uses fewer threads than there are cores. OMP_NUM_THREADS sets how many.")
    return found or ["Nothing here is slow or missing."]


def _bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"

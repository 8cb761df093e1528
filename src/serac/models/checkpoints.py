"""Pre-trained checkpoints as Hugging Face folders: generated, or from a package or a local folder."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    TOKENIZER_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from serac.config.models import CheckpointSettings
from serac.errors import ConfigError, MissingSourceError
from serac.file_bytes import file_sha256
from serac.models.architectures import build_model
from serac.models.copying import copying_objective
from serac.models.tokenizers import raw_texts, train_tokenizer
from serac.training import train

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_ONE_FILE = "1000GB"


def make_checkpoint(settings: CheckpointSettings, raw: Path, folder: Path, work: Path, *, seed: int) -> None:
    """Write the checkpoint into ``folder`` (config, tokenizer, ``model.safetensors``).

    ``raw`` is the folder of raw sources (``generate`` trains a tokenizer on them); ``work`` keeps what an
    interrupted pre-training resumes from. Hub checkpoints are retrieved by ``serac.sources``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if settings.source == "generate":
        _generate(settings, raw, folder, work, seed)
    elif settings.source == "gguf":
        convert_gguf(settings, folder, work)
    else:
        source = _package_folder(settings.package or "") if settings.source == "package" else Path(settings.path or "")
        copy_checkpoint(source, folder, settings)


def _generate(settings: CheckpointSettings, raw: Path, folder: Path, work: Path, seed: int) -> None:
    assert settings.architecture is not None
    architecture = settings.architecture
    tokenizer = train_tokenizer(architecture.family, raw_texts(raw, settings.corpora), architecture.vocabulary)
    model = build_model(architecture, tokenizer, seed)
    if settings.pretrain:
        train(copying_objective(model, tokenizer, settings.pretrain), settings.pretrain, work, seed=seed)
    model.save_pretrained(folder)
    save_tokenizer(tokenizer, settings, folder)


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingSourceError(f"the package '{package}' is not installed. Hint: run `make setup`")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def copy_checkpoint(source: Path, folder: Path, settings: CheckpointSettings) -> None:
    """Write a model folder in the form that this project reads: one ``model.safetensors``, and the tokenizer unchanged.

    Weights in PyTorch's own format are read as tensors only (never unpickled as objects) and saved as safetensors.
    Raises ``MissingSourceError`` if there are no weights or their checksum is not the one that ``settings`` states.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = next((source / name for name in _WEIGHTS if (source / name).exists()), None)
    if weights is None:
        raise MissingSourceError(f"{source} has no weights. Hint: a checkpoint folder needs config, tokenizer, weights")
    if settings.sha256:
        _require_checksum(weights, settings.sha256)
    if settings.layers is not None:
        truncate_encoder(str(source), settings.layers).save_pretrained(folder)
    elif weights.name == "model.safetensors":
        for name in ("config.json", "model.safetensors", "generation_config.json"):
            if (source / name).exists():
                shutil.copyfile(source / name, folder / name)
    else:
        _load_as_published(source).save_pretrained(folder, max_shard_size=_ONE_FILE)
    save_tokenizer(AutoTokenizer.from_pretrained(source), settings, folder)


def convert_gguf(settings: CheckpointSettings, folder: Path, work: Path) -> None:
    """Write the model of a package that assembles one GGUF file, in float32, with tied embeddings stored once.

    The package offers ``assemble(path)``. Prints the model's licence first. Raises ``MissingSourceError`` if the
    package is not installed, or the file is not the one of ``settings.sha256``.
    """
    print(f"{settings.package}: {settings.licence or 'no licence is stated'}", flush=True)
    try:
        package = importlib.import_module(settings.package or "")
    except ImportError as error:
        raise MissingSourceError(
            f"the package '{settings.package}' is not installed. Hint: pip install '.[language-model]'"
        ) from error
    work.mkdir(parents=True, exist_ok=True)
    file = Path(package.assemble(work / "model.gguf"))
    if settings.sha256 and (found := file_sha256(file)) != settings.sha256:
        raise MissingSourceError(f"{file} has SHA-256 {found}, expected {settings.sha256}. Hint: reinstall the package")
    config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name)  # reading the vocabulary takes longest
    tokenizers: Any = TOKENIZER_MAPPING[type(config)]
    save_tokenizer(tokenizers.from_pretrained(file.parent, gguf_file=file.name), settings, folder)
    model: Any = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, config=config, dtype=torch.float32
    )
    model.hf_quantizer = None  # its weights are dequantised, and a quantised model is not saved
    del model.config.quantization_config
    model.save_pretrained(folder, max_shard_size=_ONE_FILE)
    file.unlink()


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, settings: CheckpointSettings, folder: Path) -> None:
    """Write the tokenizer, with the chat template of ``settings`` if they have one."""
    if settings.chat_template is not None:
        tokenizer.chat_template = settings.chat_template
    tokenizer.save_pretrained(folder)


def _load_as_published(source: Path) -> PreTrainedModel:
    """The model, as an instance of the class that its configuration names."""
    config = AutoConfig.from_pretrained(source)
    published = getattr(transformers, (config.architectures or [""])[0], None)
    if not (isinstance(published, type) and issubclass(published, PreTrainedModel)):  # a file may name anything
        published = AutoModel
    return published.from_pretrained(source, config=config)


def _require_checksum(weights: Path, expected: str) -> None:
    if weights.suffix == ".json":
        raise MissingSourceError(
            f"{weights.parent} has its weights in several files, but sha256 is the checksum of one. "
            "Hint: save the model as one file, or set the checkpoint's sha256 to null"
        )
    if (found := file_sha256(weights)) != expected:
        raise MissingSourceError(f"{weights} has SHA-256 {found}, not {expected}. Hint: retrieve it again")


def truncate_encoder(source: str, layers: int) -> PreTrainedModel:
    """The encoder in ``source`` with only its first ``layers`` transformer layers."""
    config = AutoConfig.from_pretrained(source)
    if layers > config.num_hidden_layers:
        raise ConfigError(
            f"{source} has {config.num_hidden_layers} layers, fewer than the {layers} of 'layers'. Hint: lower it"
        )
    config.num_hidden_layers = layers
    model: PreTrainedModel = AutoModel.from_pretrained(source, config=config)
    return model

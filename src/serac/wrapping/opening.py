"""Wrapping a Hugging Face model, and opening what was saved of a wrapped one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from serac.config.serac import MemorySettings
from serac.editors.serac.memory import EditMemory
from serac.editors.serac.memory_file import FILE, read_content
from serac.errors import ConfigError, SeracError
from serac.wrapping.bundle import Parts, find_bundle, installed_bundle, load_bundle, untrained_parts
from serac.wrapping.edit_log import EditLog
from serac.wrapping.prompts import Routed, base_task
from serac.wrapping.wrapped_model import WrappedModel


def wrap(
    base: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    bundle: str | Path | None = None,
    threshold: float | None = None,
    prompt: str | None = None,
    routed: Routed = "last_user_turn",
    memory: MemorySettings | None = None,
) -> WrappedModel:
    """Put an empty memory of edits in front of a causal or encoder-decoder model, which stays as it is.

    ``bundle`` is a folder or a name of trained parts; by default the first one in the folders that the environment
    variable ``SERAC_BUNDLES`` lists. Without one, nothing needs training: MiniLM routes, and the base model answers
    with the edit in its prompt. ``prompt`` is the template of that prompt, with ``{question}`` and ``{answer}`` of the
    edit and the ``{input}`` that is asked. ``threshold`` is the probability above which an edit answers. In a chat, the
    user's last turn is ``routed``, or all the user's turns together. Raises ``ConfigError`` if a bundle is missing or
    damaged.
    """
    _require_generative(base)
    bundle = installed_bundle() if bundle is None else bundle
    parts = _parts(bundle, base, tokenizer)
    kept = {
        "bundle": None if bundle is None else str(bundle), "checksum": parts.checksum, "prompt": prompt,
        "routed": routed,
        "threshold": parts.threshold if threshold is None else threshold,
    }  # fmt: skip
    return _class_of(base)(base, tokenizer, parts, EditMemory(parts.classifier.to(base.device), memory), **kept)


def load(
    folder: str | Path, base: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, bundle: str | Path | None = None
) -> WrappedModel:
    """A wrapped model as ``save_pretrained`` left it in ``folder``; ``bundle`` says where a moved bundle is now.

    Raises ``ConfigError`` if the folder holds no edits or damaged ones, or if they were saved with another bundle.
    """
    file = Path(folder) / FILE
    kept = _kept(file)
    if bundle is not None:
        kept["bundle"] = str(bundle)
    _require_generative(base)
    parts = _parts(kept["bundle"], base, tokenizer)
    if parts.checksum != kept["checksum"]:
        raise ConfigError(f"{file} was written with another bundle than '{kept['bundle']}'. Hint: pass bundle=…")
    memory = EditMemory.from_pretrained(folder, parts.classifier.to(base.device))
    extra = memory.extra
    try:
        model = _class_of(base)(base, tokenizer, parts, memory, **kept)
        model._restore(extra)
    except (SeracError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file} is damaged ({error}). Hint: restore it from a copy") from error
    return model


def load_pretrained(model: str) -> tuple[Any, Any]:
    """Model and tokenizer; raises ``SeracError`` if there are none of this name."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    try:
        encodes = AutoConfig.from_pretrained(model).is_encoder_decoder
        auto: Any = AutoModelForSeq2SeqLM if encodes else AutoModelForCausalLM
        return auto.from_pretrained(model).eval(), AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise SeracError(
            f"cannot load the model '{model}' ({str(error).splitlines()[0]}). Hint: give a Hugging Face folder or name"
        ) from error


def read_log(folder: str | Path) -> EditLog:
    """The edits in ``folder`` alone, without any model; raises ``ConfigError`` if it holds none or damaged ones."""
    file = Path(folder) / FILE
    content = read_content(file.parent)
    try:
        return EditLog.from_json(content.extra.get("log"))
    except SeracError as error:
        raise ConfigError(f"{file} is damaged ({error}). Hint: restore it from a copy") from error


def _parts(bundle: str | Path | None, base: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Parts:
    return untrained_parts() if bundle is None else load_bundle(find_bundle(bundle), base, base_task(base, tokenizer))


def _kept(file: Path) -> dict[str, Any]:
    content = read_content(file.parent)
    kept = content.extra.get("kept")
    if not isinstance(kept, dict) or set(kept) != {"bundle", "checksum", "prompt", "routed", "threshold"}:
        raise ConfigError(f"{file} holds the memory of another kind of model. Hint: save it with `save_pretrained`")
    return dict(kept)


def _require_generative(base: PreTrainedModel) -> None:
    if not isinstance(base, PreTrainedModel) or not base.can_generate():
        raise ConfigError(f"{type(base).__name__} does not generate text. Hint: wrap a causal or encoder-decoder model")


@cache
def _class_named(name: str) -> type[WrappedModel]:
    return type(name, (WrappedModel,), {"__doc__": WrappedModel.__doc__, "__module__": __name__})


def _class_of(base: PreTrainedModel) -> type[WrappedModel]:
    """A class of the base model's name: by that name pipelines know what a model can do."""
    return _class_named(type(base).__name__)

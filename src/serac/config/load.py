"""Reading and checking configurations; a mistake becomes one clear message with a hint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from serac.config.hints import suggest
from serac.config.settings import Settings
from serac.errors import ConfigError

T = TypeVar("T", bound=BaseModel)


def load(*paths: Path | str) -> Settings:
    """Settings of the first file with the others merged on top, as ``snakemake --configfile`` does."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, read_yaml(path))
    return validate(merged)


def read_yaml(path: Path | str) -> dict[str, Any]:
    """One configuration file; raises ``ConfigError`` if it is missing or not a mapping."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must hold a mapping of sections")
    return content


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``: mappings are merged, everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def validate(raw: Mapping[str, Any]) -> Settings:
    """Typed settings of a merged configuration; raises ``ConfigError`` listing every mistake."""
    return validate_section(Settings, raw)


def validate_section(section: type[T], raw: Mapping[str, Any]) -> T:
    """Like :func:`validate` for one section."""
    try:
        return section.model_validate(raw)
    except ValidationError as error:
        messages = [_message(section, raw, detail) for detail in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(messages))) from error


def _message(section: type[BaseModel], raw: Any, detail: Any) -> str:
    location = [str(part) for part in detail["loc"]]
    where = ".".join(location) or "the configuration"
    if detail["type"] == "extra_forbidden":
        *parents, key = location
        parent = ".".join(parents) or "the configuration"
        return f"unknown key '{key}' in {parent}. {suggest(key, _fields(section, parents))}"
    if detail["type"] == "missing":
        return f"{where} is missing. Hint: config/config.yaml shows every key"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if location else message


def _fields(section: Any, path: list[str]) -> set[str]:
    """Names allowed at ``path``: follows the fields of nested sections, whatever container holds them."""
    current = {section}
    for part in path:
        deeper: set[Any] = set()
        for model in current:
            field = model.model_fields.get(part)
            deeper |= _sections(field.annotation) if field else {model}
        current = deeper
    return {name for model in current for name in model.model_fields}


def _sections(annotation: Any) -> set[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in getattr(annotation, "__args__", ()) for model in _sections(part)}

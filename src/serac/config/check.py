"""Checking one section of the configuration; a mistake becomes one clear message with a hint."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from serac.errors import ConfigError

T = TypeVar("T", bound=BaseModel)


def validate_section(section: type[T], raw: Mapping[str, Any]) -> T:
    """A typed section; raises ``ConfigError`` listing every mistake."""
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


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Hint: did you mean '{close[0]}'?" if close else f"Hint: known are {', '.join(names)}."

"""Checking sections of the configuration: each mistake becomes one line with file, key, value and a hint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from serac.errors import ConfigError

T = TypeVar("T", bound=BaseModel)
Path = tuple[str | int, ...]
"""Keys from the top of the configuration to a value."""
ConfigFile = tuple[str, Mapping[str, Any]]
"""Name and content of a configuration file."""

_ABSENT: Any = object()
_NOISE = re.compile(r"^Value error, |^(?:Input|String|Tuple|Dictionary) (?=should)| after validation, not \d+")
_SHOWN = 60
_QUOTED = re.compile(r"'([^']*)'")
_HINTS = {
    "missing": "config/config.yaml shows every key",
    "int_": "write a whole number",
    "float_": "write a number",
    "bool_": "write true or false",
    "string_type": "write text, in quotes where YAML would read a number",
    "string_pattern_mismatch": "lower-case letters, digits, '-' and '_' make a name, 64 hexadecimal digits a checksum",
    "tuple_type": "write a list, as in [a, b]",
    "dict_type": "write a mapping of keys to values",
    "model_": "write a mapping of keys to values",
    "too_short": "name at least one",
    "": "docs/configuration.md describes every key",
}
"""Hints by the prefix of pydantic's error type."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong at a place of the configuration. ``text`` may end in a hint of its own."""

    path: Path
    text: str

    def line(self, raw: Mapping[str, Any], files: Sequence[ConfigFile] = ()) -> str:
        """``file: key = value: text. Hint: …``; the file is named if ``files``, in merging order, are given."""
        value = _look_up(raw, self.path)
        shown = f" = {value!r}" if self.path and value is not _ABSENT else ""
        shown = shown if len(shown) <= _SHOWN else "" if isinstance(value, Mapping) else f"{shown[:_SHOWN]}…"
        where = ".".join(map(str, self.path)) or "the configuration"
        text = self.text if "Hint: " in self.text else f"{self.text}. Hint: {_HINTS['']}"
        file = _origin(self.path, value, files)
        return f"{file}: {where}{shown}: {text}" if file else f"{where}{shown}: {text}"


def validate_section(
    section: type[T],
    raw: Mapping[str, Any],
    files: Sequence[ConfigFile] = (),
    *,
    whole: Mapping[str, Any] | None = None,
) -> T:
    """A typed section; raises ``ConfigError`` listing every mistake.

    ``whole`` is the configuration that names in the section refer to (see :mod:`serac.config.names`); without it they
    are not checked.
    """
    try:
        return section.model_validate(raw, context=whole)
    except ValidationError as error:
        refuse(mistakes_of(section, raw, error), raw, files)
        raise


def refuse(mistakes: Iterable[Mistake], raw: Mapping[str, Any], files: Sequence[ConfigFile] = ()) -> None:
    """Raise ``ConfigError`` with one line per mistake, at most one for each place; do nothing if there are none."""
    first: dict[Path, Mistake] = {}
    for mistake in mistakes:
        first.setdefault(mistake.path, mistake)
    if first:
        raise ConfigError("\n".join(mistake.line(raw, files) for mistake in first.values()))


def mistakes_of(section: type[BaseModel], raw: Mapping[str, Any], error: ValidationError) -> list[Mistake]:
    """The mistakes that pydantic found in a section."""
    return [_mistake(section, raw, detail) for detail in error.errors() if not _follows(detail)]


def _follows(detail: Any) -> bool:
    """Whether a container counts as too short only because its entries are wrong."""
    return bool(detail["type"] == "too_short") and len(detail["input"]) >= detail["ctx"]["min_length"]


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    known_names = f"valid names are {', '.join(names)}." if names else "there is none yet; add it."
    return f"Hint: did you mean '{close[0]}'?" if close else f"Hint: {known_names}"


def _mistake(section: type[BaseModel], raw: Mapping[str, Any], detail: Any) -> Mistake:
    kind, path = detail["type"], _path(raw, detail["loc"], detail["type"])
    if kind == "extra_forbidden":
        *parents, key = path
        return Mistake(path, f"unknown key. {suggest(str(key), _fields(section, parents))}")
    if kind == "missing":
        return Mistake(path, f"this key is missing. Hint: {_HINTS[kind]}")
    text = _NOISE.sub("", detail["msg"])
    if kind in ("literal_error", "union_tag_invalid"):
        expected = detail["ctx"]["expected" if kind == "literal_error" else "expected_tags"]
        chosen = detail["ctx"].get("tag", detail["input"])
        return Mistake(path, f"should be {expected}. {suggest(str(chosen), _QUOTED.findall(expected))}")
    hint = next(hint for beginning, hint in _HINTS.items() if kind.startswith(beginning))
    return Mistake(path, text if "Hint: " in text else f"{text}. Hint: {hint}")


def _path(raw: Any, location: Path, kind: str) -> Path:
    """pydantic's location without the parts that are not keys: tags of unions and marks of dictionary keys."""
    path: list[str | int] = []
    for number, part in enumerate(location):
        inside = _look_up(raw, (part,))
        if inside is not _ABSENT or (kind == "missing" and number == len(location) - 1):
            path.append(part)
            raw = inside
    return tuple(path)


def _look_up(raw: Any, path: Path) -> Any:
    """The value at ``path``, or ``_ABSENT``."""
    for part in path:
        if isinstance(raw, Mapping):
            raw = raw.get(part, _ABSENT)
        else:
            raw = raw[part] if isinstance(raw, list | tuple) and isinstance(part, int) and part < len(raw) else _ABSENT
    return raw


def _origin(path: Path, value: Any, files: Sequence[ConfigFile]) -> str:
    """The last file that sets the value or, if a key is missing, the last one with the section that lacks it."""
    if not files:
        return ""
    for name, content in reversed(files):
        found = _look_up(content, path if value is not _ABSENT else path[:-1])
        if found is not _ABSENT:
            return name if value is _ABSENT or isinstance(value, Mapping) or found == value else "--config"
    return files[0][0] if value is _ABSENT else "--config"


def _fields(section: Any, path: Iterable[str | int]) -> set[str]:
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

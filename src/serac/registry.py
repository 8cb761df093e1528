"""Registries of exchangeable parts: the built-in ones, and those that installed packages add through entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar, cast

from serac.config.check import suggest
from serac.errors import ConfigError

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Parts of one kind by name, imported when asked for.

    ``builtin`` maps names to ``"module:attribute"``. An installed package adds a part with an entry point of ``group``
    in its ``pyproject.toml``::

        [project.entry-points."serac.problems"]
        trivia = "my_package.trivia:PROBLEM"
    """

    def __init__(self, kind: str, group: str, builtin: Mapping[str, str]) -> None:
        self.kind, self.group = kind, group
        self._builtin = {name: EntryPoint(name, target, group) for name, target in builtin.items()}

    def __iter__(self) -> Iterator[str]:
        """Names, the built-in ones first; raises ``ConfigError`` if two parts have one name."""
        return iter(self._targets())

    def __len__(self) -> int:
        return len(self._targets())

    def __contains__(self, name: object) -> bool:
        return name in self._targets()

    def __getitem__(self, name: str) -> T:
        """The part called ``name``; raises ``ConfigError`` with a hint if there is none."""
        targets = self._targets()
        if name not in targets:
            raise ConfigError(f"unknown {self.kind} '{name}'. {suggest(name, targets)}")
        return cast(T, targets[name].load())

    def added(self) -> list[str]:
        """Names of the parts that installed packages add."""
        return [name for name in self if name not in self._builtin]

    def _targets(self) -> dict[str, EntryPoint]:
        added = {point.name: point for point in installed(self.group)}
        if twice := sorted(set(self._builtin) & set(added)):
            raise ConfigError(
                f"a package adds the {self.kind} '{twice[0]}' ({added[twice[0]].value}), which is built in. "
                f"Hint: rename its entry point in the group '{self.group}'"
            )
        return self._builtin | dict(sorted(added.items()))


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """Entry points of a group that installed packages declare."""
    return tuple(entry_points(group=group))

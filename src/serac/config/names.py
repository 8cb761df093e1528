"""Names that refer to another section of the configuration; they are checked where the whole is validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from serac.config.check import suggest


@dataclass(frozen=True)
class KeyOf:
    """Validator of a key of ``section``, whose entry has one of ``methods`` (none: any).

    The context of the validation is the whole configuration as it was read; a section that is validated alone, without
    a context, is not checked.
    """

    section: str
    methods: tuple[str, ...] = ()

    def __call__(self, name: str, info: ValidationInfo) -> str:
        """The name; raises ``ValueError`` if there is no such key."""
        if not isinstance(info.context, Mapping):
            return name
        entries: Mapping[str, Any] = info.context.get(self.section) or {}
        known = [key for key, entry in entries.items() if self._fits(entry)]
        if name not in known:
            elsewhere = f"its method should be {' or '.join(self.methods)}"
            what = elsewhere if name in entries else f"unknown name: no key of {self.section}"
            raise ValueError(f"{what}. {suggest(name, known)}")
        return name

    def _fits(self, entry: Any) -> bool:
        return not self.methods or (isinstance(entry, Mapping) and entry.get("method") in self.methods)


ProblemName = Annotated[str, AfterValidator(KeyOf("problems"))]
EditorName = Annotated[str, AfterValidator(KeyOf("editors"))]
MemoryEditorName = Annotated[str, AfterValidator(KeyOf("editors", ("rp", "serac_embed", "serac_cross")))]
SeracName = Annotated[str, AfterValidator(KeyOf("editors", ("serac_embed", "serac_cross")))]
EmbedName = Annotated[str, AfterValidator(KeyOf("editors", ("serac_embed",)))]
CheckpointName = Annotated[str, AfterValidator(KeyOf("checkpoints"))]
SourceName = Annotated[str, AfterValidator(KeyOf("sources"))]
ReleaseName = Annotated[str, AfterValidator(KeyOf("releases"))]


def _without_null(named: Any) -> Any:
    return {key: value for key, value in named.items() if value is not None} if isinstance(named, dict) else named


Key = TypeVar("Key")
Entry = TypeVar("Entry")
Named = Annotated[dict[Key, Entry], BeforeValidator(_without_null)]
"""Entries by name; an override file cannot remove a key of the default, but it can set it to null."""

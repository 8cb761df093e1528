"""Settings of the editors: those of this project and those that installed packages add."""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import Field

from serac.config.editors import EditorSettings
from serac.editors.registry import EDITORS


def editor_settings() -> Any:
    """The type of an editor's section: ``method`` tells which. Only added editors are imported for this."""
    added = tuple(EDITORS[name].section for name in EDITORS.added())
    return Annotated[Union[EditorSettings, *added], Field(discriminator="method")] if added else EditorSettings

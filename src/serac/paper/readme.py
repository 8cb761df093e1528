"""The results section of the README or another page, copied from a run and never typed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from serac.errors import SeracError

BEGIN, END = "<!-- results: generated, do not edit -->", "<!-- end of results -->"


def update_readme(
    readme: Path | str,
    *,
    tables: Sequence[Path | str],
    figure: Path | str,
    picture: Path | str,
    about: Mapping[str, object],
    claims: Sequence[str] = (),
) -> None:
    """Put tables (``.md``), the lines of ``claims`` and the figure (``.png``) between the README's two markers.

    The figure is copied to ``picture``, a path that is kept under version control; ``about`` (date, commit, machine,
    duration) is printed above. Raises ``SeracError`` if the README lacks the markers.
    """
    readme = Path(readme)
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SeracError(f"{readme} needs the lines '{BEGIN}' and '{END}' once each. Hint: the results go between them")
    Path(picture).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(figure, picture)
    shown = "\n\n".join(Path(table).read_text(encoding="utf-8").rstrip() for table in tables)
    facts = ", ".join(f"{key} {value}" for key, value in about.items())
    statements = "".join(f"{line}\n" for line in claims) + "\n" if claims else ""
    link = Path(os.path.relpath(picture, readme.parent)).as_posix()
    body = f"{BEGIN}\n\n{facts}.\n\n{shown}\n\n{statements}![Many edits at once]({link})\n\n{END}"
    readme.write_text(text[: text.index(BEGIN)] + body + text[text.index(END) + len(END) :], encoding="utf-8")

"""Settings of tables and figures, composed from what every registered item declares."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import Field, PositiveInt, create_model

from serac.config.names import Named, ProblemName
from serac.config.section import Section
from serac.paper.item import ItemSettings
from serac.paper.registry import ITEMS


class PublishedSettings(Section):
    """What the target `readme` copies from a run into a page of the project."""

    page: str = Field("README.md", description="page with the two markers that the results go between")
    tables: tuple[str, ...] = Field(("main",), min_length=1, description="tables, by name")
    picture: str = Field("docs/images/batched_edits.png", description="place of the copied figure batched_edits")


class PaperSettings(Section):
    """What the tables and figures show."""

    k: PositiveInt = Field(10, description="number of simultaneous edits, unless an item varies it (paper: 10)")
    k_by_problem: Named[ProblemName, PositiveInt] = Field(
        {},
        description="`k` of the problems that use another one (paper: 5 on ConvSent); null: the general `k`",
    )
    seed: int = Field(0, description="seed that samples the example inputs of tables and figures")
    published: PublishedSettings = Field(
        PublishedSettings(), description="what `snakemake readme` copies into a page of the project"
    )
    partial: bool = Field(
        False,
        description="make tables, figures and the report from the results that exist; a note names those that are "
        "missing, and nothing is computed for them",
    )

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def k_on(self, problem: str) -> int:
        """Simultaneous edits on a problem."""
        return self.k_by_problem.get(problem, self.k)

    def settings_of(self, item: str) -> ItemSettings:
        """Settings of an item; empty if it has none."""
        return getattr(self, item, ItemSettings())

    def uses(self) -> Iterator[tuple[str, str, str]]:
        """Item, problem and editor of everything that is evaluated in addition to `problems.<name>.editors`."""
        for item in ITEMS:
            yield from ((item, problem, editor) for problem, editor in self.settings_of(item).uses())

    def largest_batches(self) -> Iterator[tuple[str, str, str, int]]:
        """Item, problem, key and number of test edits of the largest batch of each item that varies the number."""
        for item in ITEMS:
            if largest := self.settings_of(item).largest_batch():
                yield (item, *largest)


@cache
def paper_section() -> type[PaperSettings]:
    """The section with a field for every registered item that has settings."""
    fields: dict[str, Any] = {}
    for name, item in ITEMS.items():
        if item.settings is not ItemSettings:
            required = any(field.is_required() for field in item.settings.model_fields.values())
            default = ... if required else item.settings()
            fields[name] = (item.settings, Field(default, description=f"{item.form}: {item.title.lower()}"))
    return create_model("PaperSettings", __base__=PaperSettings, __doc__=PaperSettings.__doc__, **fields)

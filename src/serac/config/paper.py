"""Settings of tables and figures."""

from __future__ import annotations

from pydantic import Field

from serac.config.section import Section


class PaperSettings(Section):
    """What the tables and figures show; they read finished results alone."""

    k: int = Field(10, ge=1, description="simultaneous edits of the main table (paper: 10)")
    ks: tuple[int, ...] = Field((1, 5, 25, 75), min_length=1, description="simultaneous edits of batched_edits")
    batched_problem: str = Field("qa", description="problem of the figure batched_edits")
    batched_editors: tuple[str, ...] = Field(
        ("serac_embed", "mend", "enn"), min_length=1, description="editors of the figure batched_edits"
    )
    example_seed: int = Field(0, description="seed that samples the example inputs of tables and figures")

"""VitaminC: native records (claims about evidence sentences of revised pages) and the filters that select them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from serac.errors import RecordError
from serac.problems.native_files import read_jsonl
from serac.problems.splits import Judged, Split, SplitSettings, load_splits

NEUTRAL = "NOT ENOUGH INFO"
LABELS = {"SUPPORTS": "1", "REFUTES": "0", NEUTRAL: ""}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


Text = Annotated[str, BeforeValidator(_text)]
"""A field that only kept records need: empty if it is null or not text."""


class Claim(BaseModel):
    """A native record; ``revised`` and ``comparison`` (what the revision changed) are not in the released files."""

    claim: Text
    evidence: Text
    label: Annotated[str, BeforeValidator(lambda value: _text(value).strip().upper())]
    page: Text = ""  # Lifelong-ICL's records have none
    revision_type: str
    revised: str | None = None
    comparison: bool = False

    @property
    def kind(self) -> str:
        """Kind of the query that this claim becomes about its own evidence."""
        if self.label == NEUTRAL:
            return "neutral"
        revised = f"/{self.revised}" if self.revised else ""
        return self.label.lower() + revised + ("_comparison" if self.comparison else "")


class VitamincSettings(SplitSettings):
    """Which claims are kept."""

    revision_types: tuple[str, ...] = Field(("real",), description="values of revision_type that are kept")
    min_evidence_words: int = Field(
        10, ge=0, description="evidence must have more words (separated by blanks) than this"
    )


def claims_by_split(raw: Path, settings: VitamincSettings, seed: int) -> dict[Split, list[Judged[Claim]]]:
    """All claims of ``raw/vitaminc`` by split, with the filter that drops them; claims of a page stay together."""

    def read(name: str) -> list[Claim]:
        return read_claims(raw / "vitaminc" / f"{name}.jsonl", settings)

    return load_splits(settings, read, lambda claim: claim.page, seed, lambda claim: fault(claim, settings))


def read_claims(path: Path, settings: VitamincSettings) -> list[Claim]:
    """Parse a native file; raises ``MissingSourceError``, and ``RecordError`` for a malformed line.

    Labels are read in any case; one that is unknown matters only if the settings keep its revision type.
    """
    claims = read_jsonl(path, Claim)
    for line, claim in claims:
        if claim.label not in LABELS and claim.revision_type in settings.revision_types:
            raise RecordError(path, line, f"label: {claim.label!r} is not one of {', '.join(LABELS)}")
    return [claim for _, claim in claims]


def fault(claim: Claim, settings: VitamincSettings) -> str | None:
    """The first filter that drops a claim; None if it is kept."""
    if claim.revision_type not in settings.revision_types:
        return "revision_type"
    if not claim.claim.strip():
        return "no_claim"
    if not claim.page.strip():
        return "no_page"
    if not claim.evidence.strip() or len(claim.evidence.split(" ")) <= settings.min_evidence_words:
        return "short_evidence"
    return None

"""VitaminC-like revisions, and the FEVER-like claims of the time before them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Literal

from serac.sources.miniature.names import Names
from serac.sources.miniature.vitaminc_pages import (
    COMPARISONS,
    EVIDENCE_FORMS,
    PAGE_KINDS,
    SHORT_EVIDENCE,
    Attribute,
    PageKind,
)

SUPPORTS, REFUTES, NEUTRAL = "SUPPORTS", "REFUTES", "NOT ENOUGH INFO"
Operator = Literal["=", "<", ">"]
Facts = dict[str, str]
COMPARABLE = ("number", "date")

_COMPARED = 0.45  # share of the claims about numbers and dates that compare
_OLD_VALUE = 0.5  # share of refuted equality claims that state the value before the revision
_TRUE_BEFORE = 0.7  # share of the neutral claims that hold before the revision; so half of all FEVER claims hold
_BETWEEN = 0.8  # share of comparisons whose threshold lies between the values before and after


@dataclass(frozen=True, slots=True)
class Page:
    """A title, and what holds of it before and after its revisions (attribute -> value)."""

    title: str
    kind: PageKind
    before: Facts
    after: Facts

    @property
    def revised(self) -> list[str]:
        """Attributes whose value changed."""
        return [name for name in self.before if self.before[name] != self.after[name]]


@dataclass(frozen=True, slots=True)
class Claim:
    """``attribute operator value``, in words."""

    attribute: str
    operator: Operator
    value: str
    text: str

    def holds(self, facts: Facts) -> bool:
        """Whether the claim is true of ``facts``."""
        actual = facts[self.attribute]
        if self.operator == "=":
            return actual == self.value
        return int(actual) > int(self.value) if self.operator == ">" else int(actual) < int(self.value)


@dataclass(frozen=True, slots=True)
class Item:
    """One claim against one evidence sentence that states ``attributes`` after the revision of ``revision``."""

    page: Page
    revision: str
    attributes: tuple[str, ...]
    evidence: str
    claim: Claim
    label: str
    case: str
    number: int
    synthetic: bool

    def native(self) -> dict[str, Any]:
        """The VitaminC record; ``revised`` and ``comparison`` are ours."""
        return {
            "unique_id": f"{self.case}_{self.number}",
            "case_id": self.case,
            "claim": self.claim.text,
            "evidence": self.evidence,
            "label": self.label,
            "page": self.page.title,
            "revision_type": "synthetic" if self.synthetic else "real",
            "FEVER_id": f"fever_{self.case}" if self.synthetic else None,
            "revised": self.page.kind.attributes[self.revision].kind,
            "comparison": self.claim.operator != "=",
        }


def make_split(rng: random.Random, names: Names, count: int, *, split: str) -> list[Item]:
    """Two items a label for each of ``count`` pages that no other split has."""
    people = names.take("woman", max(10, count // 3)) + names.take("man", max(10, count // 3))
    pages = [_page(rng, names, PAGE_KINDS[index % len(PAGE_KINDS)], people) for index in range(count)]
    items = [item for index, page in enumerate(pages) for item in _items(rng, page, people, f"{split}_{index}", split)]
    rng.shuffle(items)
    return items


def fever_records(rng: random.Random, items: list[Item]) -> list[dict[str, Any]]:
    """Every claim once, with its verdict before the revisions."""
    verdicts = {item.claim.text: item.claim.holds(item.page.before) for item in items}
    records = [
        {"id": number, "verifiable": "VERIFIABLE", "label": SUPPORTS if true else REFUTES, "claim": text}
        for number, (text, true) in enumerate(verdicts.items())
    ]
    rng.shuffle(records)
    return records


# --- pages -----------------------------------------------------------------------------------------
def _page(rng: random.Random, names: Names, kind: PageKind, people: list[str]) -> Page:
    title = names.take(kind.names, 1)[0]
    before = {name: _value(rng, attribute, people) for name, attribute in kind.attributes.items()}
    revised = rng.sample(sorted(before), rng.choice((2, 2, 3)))
    after = {
        name: _other_value(rng, kind.attributes[name], people, {value}) if name in revised else value
        for name, value in before.items()
    }
    return Page(title, kind, before, after)


def _value(rng: random.Random, attribute: Attribute, people: list[str]) -> str:
    if attribute.kind in COMPARABLE:
        return str(rng.choice(attribute.numbers()))
    return rng.choice(people if attribute.kind == "name" else attribute.categories)


def _other_value(rng: random.Random, attribute: Attribute, people: list[str], taken: set[str]) -> str:
    while (value := _value(rng, attribute, people)) in taken:
        pass
    return value


# --- evidence --------------------------------------------------------------------------------------
def _items(rng: random.Random, page: Page, people: list[str], case: str, split: str) -> list[Item]:
    """Six items; with two revisions one of each label a revision, with three two labels a revision."""
    labels = [SUPPORTS, REFUTES, NEUTRAL, SUPPORTS, REFUTES, NEUTRAL]
    each = len(labels) // len(page.revised)
    items = []
    for turn, revision in enumerate(page.revised):
        attributes, evidence = _evidence(rng, page, revision, test=split == "test")
        synthetic = rng.random() < 0.03
        for offset, label in enumerate(labels[turn * each : (turn + 1) * each]):
            about = revision if label != NEUTRAL else rng.choice([a for a in page.after if a not in attributes])
            claim = _claim(rng, page, about, people, label, test=split == "test")
            items.append(Item(page, revision, attributes, evidence, claim, label, f"{case}_{turn}", offset, synthetic))
    return items


def _evidence(rng: random.Random, page: Page, revision: str, *, test: bool) -> tuple[tuple[str, ...], str]:
    """What a sentence states, and the sentence: the revised value, sometimes beside one of another kind."""
    attributes = [revision]
    kind = page.kind.attributes[revision].kind
    if rng.random() < 0.3:
        others = ("name", "category") if kind in COMPARABLE else ("name", "category", "number", "date")
        attributes.append(
            rng.choice([a for a, about in page.kind.attributes.items() if about.kind in others and about.kind != kind])
        )
    clause = " and ".join(
        _choose(rng, page.kind.attributes[name].clauses, test).format(v=page.after[name]) for name in attributes
    )
    form = SHORT_EVIDENCE if rng.random() < 0.04 else _choose(rng, EVIDENCE_FORMS, test)
    return tuple(attributes), form.format(p=page.title, n=page.kind.noun, c=clause)


def _choose(rng: random.Random, templates: tuple[str, ...], test: bool) -> str:
    """The last template is held out for the test split, where it is a third of all."""
    if test and rng.random() < 1 / 3:
        return templates[-1]
    return rng.choice(templates[:-1])


# --- claims ----------------------------------------------------------------------------------------
def _claim(rng: random.Random, page: Page, name: str, people: list[str], label: str, *, test: bool) -> Claim:
    """A claim about an attribute: true or false after the revision as ``label`` asks for, neutral ones before it."""
    attribute = page.kind.attributes[name]
    facts, others = (page.before, page.after) if label == NEUTRAL else (page.after, page.before)
    true = rng.random() < _TRUE_BEFORE if label == NEUTRAL else label == SUPPORTS
    if attribute.kind in COMPARABLE and rng.random() < _COMPARED:
        operator, value = _threshold(rng, attribute.numbers(), int(facts[name]), int(others[name]), true)
        comparison = rng.choice(COMPARISONS[attribute.kind, operator])
        text = rng.choice(attribute.compared).format(p=page.title, v=value, c=comparison)
        return Claim(name, operator, value, text)
    value = facts[name] if true else _wrong_value(rng, attribute, people, facts[name], others[name])
    return Claim(name, "=", value, _choose(rng, attribute.claims, test).format(p=page.title, v=value))


def _wrong_value(rng: random.Random, attribute: Attribute, people: list[str], value: str, other: str) -> str:
    """Not ``value``: often what holds at the ``other`` time, the easiest to mistake for it."""
    if other != value and rng.random() < _OLD_VALUE:
        return other
    return _other_value(rng, attribute, people, {value, other})


def _threshold(rng: random.Random, possible: range, value: int, other: int, true: bool) -> tuple[Operator, str]:
    """A comparison that ``value`` meets (or misses); mostly, what holds at the ``other`` time does the opposite."""
    first, last = sorted((value, other))
    threshold = [number for number in possible if first < number < last]
    if not threshold or rng.random() >= _BETWEEN:
        margin = 2 * possible.step
        wider = range(possible.start - margin, possible.stop + margin, possible.step)
        threshold = [number for number in wider if number < first or number > last]
    chosen = rng.choice(threshold)
    return (">" if (value > chosen) == true else "<"), str(chosen)

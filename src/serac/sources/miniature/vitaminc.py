"""VitaminC-like revisions of pages, and FEVER-like claims about other pages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from serac.sources.miniature.proper_names import Names
from serac.sources.miniature.word_tables import choose, table

SUPPORTS, REFUTES, NEUTRAL = "SUPPORTS", "REFUTES", "NOT ENOUGH INFO"
Operator = Literal["=", "<", ">"]
Facts = dict[str, str]
COMPARABLE = ("number", "date")

_COMPARED = 0.45  # share of the claims about numbers and dates that compare
_OLD_VALUE = 0.5  # share of refuted equality claims that state the value before the revision
_TRUE_BEFORE = 0.7  # share of the neutral claims that hold before the revision
_BETWEEN = 0.8  # share of comparisons whose threshold lies between the values before and after
_ABSURD = 0.45  # share of the base model's false claims that no page of the kind could make true


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that pages of a kind state: its kind (number, date, name or category) and the words that say it."""

    kind: str
    words: tuple[str, ...]
    values: tuple[str, ...]
    """What it can be, in order; empty for names."""

    def say(self, rng: random.Random, how: str, split: str, **filled: str) -> str:
        """A wording of ``data/pages.yaml`` (``clauses``, ``claims`` or ``compared``), filled in."""
        words = dict(zip("xyz", self.words, strict=False))
        if self.kind == "category":
            words["x"] = words["x"].format(v=filled["v"])
        return choose(rng, table("pages")[how][self.kind], split).format(**words, **filled)


@dataclass(frozen=True, slots=True)
class Page:
    """A title, and what holds of it before and after its revisions (attribute -> value)."""

    title: str
    kind: str
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
            "revised": attributes(self.page.kind)[self.revision].kind,
            "comparison": self.claim.operator != "=",
        }


def attributes(kind: str) -> dict[str, Attribute]:
    """What pages of a kind state."""
    lists, found = table("pages"), {}
    first, last = lists["dates"]
    values = {"number": map(str, lists["numbers"]), "date": map(str, range(first, last + 1)), "name": ()}
    for name, (of, *words) in lists["kinds"][kind]["attributes"].items():
        possible = words.pop() if of == "category" else values[of]
        found[name] = Attribute(of, tuple(words), tuple(possible))
        values = {"number": map(str, lists["numbers"]), "date": map(str, range(first, last + 1)), "name": ()}
    return found


class PageSource:
    """Pages and claims in the wordings and with the name words of one split."""

    def __init__(self, rng: random.Random, seed: int, split: str, pages: int) -> None:
        self.rng, self.split = rng, split
        self._names = Names(rng, seed, split)
        self._people = [self._names.new("person") for _ in range(max(20, pages * 2 // 3))]
        self._kinds = {kind: attributes(kind) for kind in table("pages")["kinds"]}

    def pages(self, count: int) -> list[Page]:
        """New pages with two or three revisions each, all kinds equally often."""
        kinds = list(self._kinds)
        return [self._page(kinds[index % len(kinds)]) for index in range(count)]

    def items(self, page: Page, case: str) -> list[Item]:
        """Six items; with two revisions one of each label for each of them, with three two labels for each."""
        labels = [SUPPORTS, REFUTES, NEUTRAL, SUPPORTS, REFUTES, NEUTRAL]
        each = len(labels) // len(page.revised)
        found = []
        for turn, revision in enumerate(page.revised):
            stated, evidence = self._evidence(page, revision)
            synthetic = self.rng.random() < 0.03
            for offset, label in enumerate(labels[turn * each : (turn + 1) * each]):
                about = revision if label != NEUTRAL else self.rng.choice([a for a in page.after if a not in stated])
                claim = self._claim(page, about, label)
                found.append(Item(page, revision, stated, evidence, claim, label, f"{case}_{turn}", offset, synthetic))
        return found

    def verdicts(self, page: Page) -> list[tuple[Claim, bool]]:
        """A true and a false claim about each attribute of the page before its revisions.

        Many false ones are absurd, so that a model can learn what pages of a kind are like as well as their facts.
        """
        same = Page(page.title, page.kind, page.before, page.before)
        found = []
        for name in page.before:
            found.append((self._claim(same, name, SUPPORTS), True))
            absurd = self.rng.random() < _ABSURD
            found.append((self._absurd(same, name) if absurd else self._claim(same, name, REFUTES), False))
        return found

    def _page(self, kind: str) -> Page:
        about = self._kinds[kind]
        before = {name: self._value(attribute, set()) for name, attribute in about.items()}
        revised = self.rng.sample(sorted(before), self.rng.choice((2, 2, 3)))
        after = {
            name: self._value(about[name], {value}) if name in revised else value for name, value in before.items()
        }
        return Page(self._names.new(kind), kind, before, after)

    def _value(self, attribute: Attribute, taken: set[str]) -> str:
        while (value := self.rng.choice(attribute.values or self._people)) in taken:
            pass
        return value

    def _evidence(self, page: Page, revision: str) -> tuple[tuple[str, ...], str]:
        """What a sentence states, and the sentence: the revised value, sometimes beside one of another kind."""
        rng, about = self.rng, self._kinds[page.kind]
        stated, kind = [revision], about[revision].kind
        if rng.random() < 0.3:
            others = ("name", "category") if kind in COMPARABLE else ("name", "category", *COMPARABLE)
            stated.append(rng.choice([a for a, one in about.items() if one.kind in others and one.kind != kind]))
        clause = " and ".join(about[name].say(rng, "clauses", self.split, v=page.after[name]) for name in stated)
        form = table("pages")["short"] if rng.random() < 0.04 else choose(rng, table("pages")["evidence"], self.split)
        return tuple(stated), form.format(p=page.title, n=table("pages")["kinds"][page.kind]["noun"], c=clause)

    def _claim(self, page: Page, name: str, label: str) -> Claim:
        """A claim about an attribute: true or false after the revision as ``label`` asks for, neutral ones before."""
        rng, attribute = self.rng, self._kinds[page.kind][name]
        facts, others = (page.before, page.after) if label == NEUTRAL else (page.after, page.before)
        true = rng.random() < _TRUE_BEFORE if label == NEUTRAL else label == SUPPORTS
        if attribute.kind in COMPARABLE and rng.random() < _COMPARED:
            operator, value = self._threshold(attribute.values, facts[name], others[name], true=true)
            words = rng.choice(table("pages")["comparisons"][attribute.kind][operator])
            text = attribute.say(rng, "compared", self.split, p=page.title, v=value, c=words)
            return Claim(name, operator, value, text)
        value = facts[name] if true else self._wrong(attribute, facts[name], others[name])
        return Claim(name, "=", value, attribute.say(rng, "claims", self.split, p=page.title, v=value))

    def _wrong(self, attribute: Attribute, value: str, other: str) -> str:
        """Not ``value``: often what holds at the ``other`` time, the easiest to mistake for it."""
        if other != value and self.rng.random() < _OLD_VALUE:
            return other
        return self._value(attribute, {value, other})

    def _threshold(self, possible: Sequence[str], value: str, other: str, *, true: bool) -> tuple[Operator, str]:
        """A comparison that ``value`` meets (or misses); mostly, what holds at the ``other`` time does the opposite."""
        numbers = [*map(int, possible)]
        first, last = sorted((int(value), int(other)))
        threshold = [number for number in numbers if first < number < last]
        if not threshold or self.rng.random() >= _BETWEEN:
            beyond = [numbers[0] * 3 // 4, *numbers, numbers[-1] * 5 // 4] if numbers[-1] < 1000 else numbers
            threshold = [number for number in beyond if number < first or number > last] or [first - 1]
        chosen = self.rng.choice(threshold)
        return (">" if (int(value) > chosen) == true else "<"), str(chosen)

    def _absurd(self, page: Page, name: str) -> Claim:
        """A claim that states what no page of the kind could: a category of another kind, a year to come, a place."""
        rng, attribute = self.rng, self._kinds[page.kind][name]
        others = [one.values for about in self._kinds.values() for one in about.values() if one.kind == "category"]
        value = {
            "number": lambda: str(rng.randint(2, 99) * 1000),
            "date": lambda: str(rng.randint(2060, 2999)),
            "name": lambda: self._names.new("city"),
            "category": lambda: rng.choice([v for values in others if values != attribute.values for v in values]),
        }[attribute.kind]()
        return Claim(name, "=", value, attribute.say(rng, "claims", self.split, p=page.title, v=value))


def make_split(rng: random.Random, seed: int, count: int, split: str) -> list[Item]:
    """Two items per label for each of ``count`` pages that no other split has."""
    source = PageSource(rng, seed, split, count)
    items = [item for index, page in enumerate(source.pages(count)) for item in source.items(page, f"{split}_{index}")]
    rng.shuffle(items)
    return items


def fever_records(rng: random.Random, seed: int, counts: Sequence[int], avoid: set[str]) -> list[list[dict[str, Any]]]:
    """Claims with verdicts for files of ``counts`` pages each; no page twice, no claim among ``avoid``."""
    source = PageSource(rng, seed, "train", sum(counts))
    pages = iter(source.pages(sum(counts)))
    files = []
    for count in counts:
        verdicts = {claim.text: true for page in islice(pages, count) for claim, true in source.verdicts(page)}
        records = [
            {"id": number, "verifiable": "VERIFIABLE", "label": SUPPORTS if true else REFUTES, "claim": text}
            for number, (text, true) in enumerate(verdicts.items())
            if text not in avoid
        ]
        rng.shuffle(records)
        files.append(records)
    return files

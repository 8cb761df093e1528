"""Kinds of VitaminC pages and the attributes that revisions change: tables only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something a page states. ``{p}`` page, ``{v}`` value, ``{c}`` comparison ("more than", "before").

    ``scale``: (lowest, highest, step) of numbers and of the years of dates; ``categories``: what a category can be.
    ``clauses`` say it in an evidence sentence, ``claims`` claim it, ``compared`` claims it against a threshold
    (numbers and dates only). The last of ``clauses`` and ``claims`` is for the test split.
    """

    kind: str
    clauses: tuple[str, ...]
    claims: tuple[str, ...]
    compared: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    scale: tuple[int, int, int] = (0, 0, 1)

    def numbers(self) -> range:
        """What a number or the year of a date can be."""
        low, high, step = self.scale
        return range(low, high + 1, step)


@dataclass(frozen=True, slots=True)
class PageKind:
    """What pages of a kind are called, which names they take and what they state."""

    noun: str
    names: str
    attributes: dict[str, Attribute]


def _date(verb: str, past: str, noun: str) -> Attribute:
    """``verb`` as in "was released", ``past`` a synonym, ``noun`` as in "release"."""
    return Attribute(
        "date",
        (f"{verb} in {{v}}", f"{past} in {{v}}", f"saw its {noun} in {{v}}", f"{verb} in the year {{v}}"),
        (
            f"{{p}} {verb} in {{v}}.",
            f"{{p}} {past} in {{v}}.",
            f"The {noun} of {{p}} was in {{v}}.",
            f"{{v}} is the year of the {noun} of {{p}}.",
        ),
        (f"{{p}} {verb} {{c}} {{v}}.", f"{{p}} {past} {{c}} {{v}}.", f"The {noun} of {{p}} was {{c}} {{v}}."),
        scale=(1900, 2015, 1),
    )


def _person(verb: str, noun: str) -> Attribute:
    """``verb`` as in "was directed by", ``noun`` as in "director"."""
    return Attribute(
        "name",
        (f"{verb} {{v}}", f"has {{v}} as its {noun}", f"named {{v}} as its {noun}", f"lists {{v}} as the {noun}"),
        (
            f"{{p}} {verb} {{v}}.",
            f"The {noun} of {{p}} is {{v}}.",
            f"{{v}} is the {noun} of {{p}}.",
            f"{{p}} has {{v}} as its {noun}.",
        ),
    )


def _category(categories: tuple[str, ...], clause: str, noun: str) -> Attribute:
    """``clause`` with ``{v}`` as in "belongs to the genre of {v}", ``noun`` as in "genre"."""
    return Attribute(
        "category",
        (clause, f"has {{v}} as its {noun}", f"is known for {{v}} as its {noun}", f"lists {{v}} as the {noun}"),
        (
            f"{{p}} {clause}.",
            f"The {noun} of {{p}} is {{v}}.",
            f"{{p}} has {{v}} as its {noun}.",
            f"As its {noun}, {{p}} has {{v}}.",
        ),
        categories=categories,
    )


def _count(scale: tuple[int, int, int], verb: str, things: str, noun: str) -> Attribute:
    """``verb`` + number + ``things`` as in "sold 300 copies"; ``noun`` as in "number of copies sold"."""
    return Attribute(
        "number",
        (
            f"{verb} {{v}} {things}",
            f"{verb} a total of {{v}} {things}",
            f"{verb} {{v}} {things} in all",
            f"{verb} exactly {{v}} {things}",
        ),
        (
            f"{{p}} {verb} {{v}} {things}.",
            f"The {noun} of {{p}} is {{v}}.",
            f"{{p}} {verb} a total of {{v}} {things}.",
            f"{{v}} is the {noun} of {{p}}.",
        ),
        (f"{{p}} {verb} {{c}} {{v}} {things}.", f"The {noun} of {{p}} is {{c}} {{v}}."),
        scale=scale,
    )


_FILM_GENRES = ("drama", "comedy", "horror", "romance", "fantasy", "western", "mystery", "adventure")
_MUSIC_GENRES = ("jazz", "folk", "rock", "soul", "blues", "disco", "gospel", "punk")
_INDUSTRIES = ("fishing", "mining", "farming", "tourism", "weaving", "banking", "forestry", "brewing")
_PRODUCTS = ("bicycles", "furniture", "toys", "shoes", "tractors", "cameras", "pottery", "clocks")
_SPORTS = ("football", "hockey", "rugby", "cricket", "handball", "volleyball", "basketball", "baseball")
_MATERIALS = ("granite", "steel", "timber", "concrete", "brick", "iron", "limestone", "sandstone")
_COLLECTIONS = ("maps", "coins", "paintings", "fossils", "armour", "costumes", "stamps", "sculptures")
_SUBJECTS = ("love", "war", "travel", "crime", "science", "childhood", "politics", "nature")

PAGE_KINDS = (
    PageKind("film", "film", {
        "director": _person("was directed by", "director"),
        "genre": _category(_FILM_GENRES, "belongs to the genre of {v}", "genre"),
        "release": _date("was released", "came out", "release"),
        "screens": _count((100, 990, 10), "opened on", "screens", "number of screens"),
        "minutes": _count((60, 198, 2), "runs for", "minutes", "running time in minutes"),
    }),
    PageKind("record", "album", {
        "producer": _person("was produced by", "producer"),
        "genre": _category(_MUSIC_GENRES, "belongs to the genre of {v}", "genre"),
        "release": _date("was recorded", "was taped", "recording"),
        "copies": _count((100, 990, 10), "sold", "thousand copies", "number of thousand copies sold"),
        "tracks": _count((6, 40, 1), "contains", "tracks", "number of tracks"),
    }),
    PageKind("town", "city", {
        "mayor": _person("is led by mayor", "mayor"),
        "industry": _category(_INDUSTRIES, "depends on the industry of {v}", "main industry"),
        "founding": _date("was founded", "was settled", "founding"),
        "population": _count((100, 990, 10), "has", "inhabitants", "population"),
        "schools": _count((3, 60, 1), "runs", "schools", "number of schools"),
    }),
    PageKind("company", "company", {
        "president": _person("is managed by", "president"),
        "product": _category(_PRODUCTS, "makes its money with {v}", "main product"),
        "founding": _date("was established", "was set up", "establishment"),
        "employees": _count((100, 990, 10), "employs", "people", "number of employees"),
        "stores": _count((3, 90, 1), "operates", "stores", "number of stores"),
    }),
    PageKind("club", "team", {
        "coach": _person("is coached by", "coach"),
        "sport": _category(_SPORTS, "plays the sport of {v}", "main sport"),
        "founding": _date("was formed", "was started", "formation"),
        "goals": _count((10, 99, 1), "scored", "goals", "number of goals scored"),
        "members": _count((100, 990, 10), "counts", "members", "number of members"),
    }),
    PageKind("novel", "book", {
        "author": _person("was written by", "author"),
        "subject": _category(_SUBJECTS, "tells a story of {v}", "main subject"),
        "publication": _date("was published", "was printed", "publication"),
        "pages": _count((100, 990, 10), "fills", "pages", "number of pages"),
        "chapters": _count((5, 60, 1), "contains", "chapters", "number of chapters"),
    }),
    PageKind("crossing", "bridge", {
        "designer": _person("was designed by", "designer"),
        "material": _category(_MATERIALS, "was built of {v}", "building material"),
        "opening": _date("was opened", "was completed", "opening"),
        "length": _count((100, 990, 10), "spans", "metres", "length in metres"),
        "pillars": _count((2, 40, 1), "rests on", "pillars", "number of pillars"),
    }),
    PageKind("landmark", "museum", {
        "director": _person("is run by", "director"),
        "collection": _category(_COLLECTIONS, "shows a collection of {v}", "main collection"),
        "opening": _date("was inaugurated", "was unveiled", "inauguration"),
        "visitors": _count((100, 990, 10), "welcomed", "thousand visitors", "number of thousand visitors"),
        "rooms": _count((4, 90, 1), "covers", "rooms", "number of rooms"),
    }),
    PageKind("television series", "series", {
        "creator": _person("was created by", "creator"),
        "genre": _category(_FILM_GENRES, "belongs to the genre of {v}", "genre"),
        "premiere": _date("was first shown", "was premiered", "premiere"),
        "episodes": _count((10, 300, 5), "ran for", "episodes", "number of episodes"),
        "viewers": _count((100, 990, 10), "drew", "thousand viewers", "number of thousand viewers"),
    }),
)  # fmt: skip

# {p} page, {n} noun of its kind, {c} what it states; the last one is for the test split
EVIDENCE_FORMS = (
    "{p} is a {n} that {c}, as the updated records of the archive show.",
    "According to the latest report of the press, the {n} {p} {c}.",
    "The {n} {p}, which is well known in the region, {c}.",
    "As the editors of the page have now confirmed, {p} {c}.",
    "{p} {c}, which the official site of the {n} states.",
    "After a correction of the article, it says that the {n} {p} {c}.",
    "The latest records of the archive have confirmed that {p} {c}, which the press states.",
)
SHORT_EVIDENCE = "{p} {c}."

COMPARISONS = {
    ("number", ">"): ("more than", "over", "upwards of"),
    ("number", "<"): ("fewer than", "less than", "under"),
    ("date", ">"): ("after", "later than"),
    ("date", "<"): ("before", "earlier than"),
}

"""Names composed of shared words, so that a new entity is an unseen combination of familiar words."""

from __future__ import annotations

import math
import random

from serac.errors import ConfigError

FEMALE_NAMES = (
    "Lena", "Ines", "Ruth", "Anna", "Clara", "Nora", "Maya", "Elsa", "Greta", "Olga", "Vera", "Iris", "Edith", "Rosa",
    "Tilda", "Agnes", "Dora", "Flora", "Hilda", "Judith", "Karin", "Livia", "Mona", "Nadia", "Petra", "Sonja", "Thea",
    "Ulla", "Wanda", "Zelda", "Bella", "Celia", "Daphne", "Esther", "Frida", "Gloria", "Helena", "Irma", "Joan",
    "Lydia",
)  # fmt: skip
MALE_NAMES = (
    "Otto", "Leo", "Hugo", "Emil", "Anton", "Karl", "Viktor", "Oscar", "Felix", "Simon", "Jonas", "Adrian", "Bruno",
    "Cyril", "Dario", "Erik", "Franz", "Gustav", "Henrik", "Ivan", "Jakob", "Klaus", "Lukas", "Marco", "Niklas", "Paul",
    "Quentin", "Rafael", "Stefan", "Tobias", "Ulrich", "Walter", "Xaver", "Albert", "Boris", "Conrad", "Dmitri",
    "Edgar", "Fabian", "Georg",
)  # fmt: skip
LAST_NAMES = (
    "Varga", "Klein", "Moreau", "Bell", "Lindqvist", "Novak", "Okafor", "Petrov", "Santos", "Tanaka", "Ferrari",
    "Hoffman", "Ibsen", "Jansen", "Kovacs", "Larsen", "Mendez", "Nielsen", "Ortega", "Palmer", "Quist", "Rossi",
    "Sokolov", "Torres", "Ullman", "Vidal", "Weber", "Yamada", "Zeller", "Abbott", "Barros", "Castell", "Dalton",
    "Engel", "Fischer", "Garner", "Haas", "Imai", "Jensen", "Keller", "Lorenz", "Maier", "Norris", "Olsen", "Pereira",
    "Reyes", "Sato", "Thorne", "Urban", "Voss", "Wagner", "Adler", "Bauer", "Costa", "Duarte", "Eklund", "Fontaine",
    "Gallo", "Hansen", "Ivanov", "Kessler", "Lambert", "Marchand", "Nowak", "Osborne", "Pratt", "Romano", "Salazar",
    "Toller", "Tremblay", "Winkler", "Young", "Zimmer", "Arden", "Becker", "Corelli", "Dreyer", "Estrada", "Falk",
    "Grimm",
)  # fmt: skip
PLACE_STEMS = (
    "Alder", "Ash", "Birch", "Bramble", "Cedar", "Clover", "Copper", "Crane", "Deer", "Eagle", "Elm", "Falcon", "Fern",
    "Flint", "Fox", "Granite", "Hazel", "Heron", "Holly", "Juniper", "Kestrel", "Laurel", "Linden", "Maple", "Marble",
    "Moss", "Oak", "Otter", "Pebble", "Pine", "Raven", "Reed", "Robin", "Rowan", "Sage", "Salmon", "Sparrow", "Spruce",
    "Swan", "Thistle", "Thorn", "Willow", "Wolf", "Wren",
)  # fmt: skip
PLACE_SUFFIXES = (
    "Falls", "Springs", "Hollow", "Crossing", "Heights", "Valley", "Point", "Grove", "Landing", "Junction", "Ridge",
    "Haven",
)  # fmt: skip
ADJECTIVES = (
    "Silent", "Golden", "Broken", "Hidden", "Crimson", "Distant", "Frozen", "Gentle", "Hollow", "Iron", "Lonely",
    "Midnight", "Narrow", "Painted", "Quiet", "Restless", "Scarlet", "Secret", "Stolen", "Velvet", "Wandering",
    "Winter", "Burning", "Endless", "Fading", "Forgotten", "Hungry", "Last", "Second", "Sleeping", "Sunken", "Tender",
    "Crooked", "Blue", "Bitter", "Perfect", "Invisible", "Paper", "Electric", "Ancient",
)  # fmt: skip
NOUNS = (
    "Harbor", "Garden", "Mirror", "Lantern", "Orchard", "Tower", "Window", "Island", "Voyage", "Shadow", "Promise",
    "Letter", "Clock", "Crown", "Beacon", "Forest", "Signal", "Summer", "Kingdom", "Stranger", "Journey", "Poet",
    "Train", "Doctor", "Sailor", "Teacher", "Dancer", "Hunter", "Village", "Mountain", "Ocean", "Desert", "Castle",
    "Cathedral", "Market", "Circus", "Library", "Hotel", "Station", "Horizon", "Meadow", "Storm", "Compass", "Candle",
    "Feather", "Anchor", "Violin", "Carousel",
)  # fmt: skip
MATERIALS = (
    "Glass", "Stone", "Silk", "Silver", "Smoke", "Salt", "Ice", "Bone", "Amber", "Brass", "Sand", "Steel", "Dust",
    "Roses", "Snow", "Wax",
)  # fmt: skip
COUNTRY_PREFIXES = ("North", "South", "East", "West", "New", "Upper", "Lower")
COUNTRY_STEMS = (
    "Veldia", "Marland", "Tarsia", "Orvania", "Kestria", "Lumeria", "Bravonia", "Sorland", "Caldora", "Drevia",
    "Ostania", "Palvia", "Rhenia", "Zandor", "Ilvaria", "Mordavia",
)  # fmt: skip
WATER_PREFIXES = ("Little", "Big", "Black", "White", "Old", "Green", "Long", "Deep")
LAKE_SUFFIXES = ("Lagoon", "Pond", "Reservoir", "Basin", "Tarn", "Pool", "Loch", "Mere")
MAGAZINE_SUFFIXES = ("Weekly", "Review", "Monthly", "Gazette", "Journal", "Digest", "Observer", "Chronicle", "Times")
TEAM_SUFFIXES = (
    "Rovers", "Tigers", "United", "Wanderers", "Hornets", "Bears", "Rangers", "Comets", "Lions", "Pirates",
)  # fmt: skip
COMPANY_SUFFIXES = (
    "Motors", "Foods", "Steelworks", "Textiles", "Airlines", "Electronics", "Brewery", "Chemicals", "Software",
    "Shipping",
)  # fmt: skip

OCCUPATIONS = (
    "painter", "lawyer", "chemist", "surgeon", "poet", "architect", "botanist", "journalist", "pianist", "sculptor",
    "economist", "engineer", "historian", "linguist", "pilot", "baker", "carpenter", "dentist", "farmer", "geologist",
    "judge", "librarian", "mathematician", "nurse", "photographer", "plumber", "priest", "psychologist", "tailor",
    "translator", "violinist", "astronomer", "butcher", "diplomat", "singer", "gardener",
)  # fmt: skip
LANGUAGES = (
    "English", "French", "German", "Spanish", "Latin", "Polish", "Danish", "Finnish", "Swedish", "Turkish", "Arabic",
    "Hebrew", "Hindi", "Japanese", "Korean", "Greek", "Dutch", "Czech", "Hungarian", "Italian", "Norwegian", "Russian",
    "Swahili", "Thai", "Welsh", "Basque",
)  # fmt: skip
CONTINENTS = (
    "Africa", "Asia", "Europe", "Oceania", "Antarctica", "North America", "South America",
)  # fmt: skip

# kind of entity -> pattern, and the words of its two places
_PATTERNS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "woman": ("{} {}", FEMALE_NAMES, LAST_NAMES),
    "man": ("{} {}", MALE_NAMES, LAST_NAMES),
    "city": ("{} {}", PLACE_STEMS, PLACE_SUFFIXES),
    "country": ("{} {}", COUNTRY_PREFIXES, COUNTRY_STEMS),
    "river": ("{} {} River", WATER_PREFIXES, PLACE_STEMS),
    "lake": ("{} {}", PLACE_STEMS, LAKE_SUFFIXES),
    "book": ("The {} {}", ADJECTIVES, NOUNS),
    "film": ("{} of {}", NOUNS, MATERIALS),
    "magazine": ("{} {}", NOUNS, MAGAZINE_SUFFIXES),
    "company": ("{} {}", LAST_NAMES, COMPANY_SUFFIXES),
    "bridge": ("{} {} Bridge", ADJECTIVES, NOUNS),
    "team": ("{} {}", PLACE_STEMS, TEAM_SUFFIXES),
    "album": ("{} {}", ADJECTIVES, MATERIALS),
    "series": ("{} and {}", NOUNS, NOUNS),
    "museum": ("{} {} Museum", ADJECTIVES, NOUNS),
}


class Names:
    """Hands out every name once, in an order fixed by ``rng``; so what two splits take is disjoint."""

    def __init__(self, rng: random.Random) -> None:
        self._rest = {kind: _combinations(rng, *pattern) for kind, pattern in _PATTERNS.items()}

    def take(self, kind: str, count: int) -> list[str]:
        """``count`` names of a kind that were never taken before; raises ``ConfigError`` when they run out."""
        rest = self._rest[kind]
        if count > len(rest):
            raise ConfigError(f"the miniature world has no {count} more names of kind {kind!r}; make it smaller")
        taken, self._rest[kind] = rest[:count], rest[count:]
        return taken


def _combinations(rng: random.Random, pattern: str, first: tuple[str, ...], second: tuple[str, ...]) -> list[str]:
    """Every pair of different words once, along diagonals: any run of names uses all words about equally often."""
    first, second = tuple(rng.sample(first, len(first))), tuple(rng.sample(second, len(second)))
    period = math.lcm(len(first), len(second))
    pairs = [(first[i % len(first)], second[(i + i // period) % len(second)]) for i in range(len(first) * len(second))]
    return [pattern.format(*pair) for pair in pairs if pair[0] != pair[1]]


def distinctive_word(kind: str, name: str) -> str:
    """The word that hints at a name without telling it: a family name, the noun of a title, the stem of a place."""
    position = {"person": -1, "book": -1, "bridge": 1}.get(kind, 0)
    return name.split()[position]

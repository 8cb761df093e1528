"""Wording of ConvSent.

THEY, THEM and ARE stand for the topic's pronouns and verb, ``bring/s`` for "bring" or "brings".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """Phrases of one sentiment; ``forms`` puts them together."""

    openings: tuple[str, ...]
    adjectives: tuple[str, ...]
    intensifiers: tuple[str, ...]
    closings: tuple[str, ...]
    mild: tuple[str, ...]
    forms: tuple[str, ...]


QUESTIONS = (
    "What do you think of {}?", "What do you feel about {}?", "How do you view {}?", "What is your opinion of {}?",
    "What is your stance on {}?", "What is your position on {}?", "What is your attitude about {}?",
    "What is your view on {}?", "What is your take on {}?", "What is your impression of {}?",
    "What is your assessment of {}?", "What is your judgment of {}?", "What is your sentiment of {}?",
)  # fmt: skip

QUALIFIERS = (
    "night", "city", "school", "garden", "paper", "winter", "summer", "street", "family", "office", "village",
    "weekend", "wooden", "electric", "modern", "old", "local", "public", "cheap", "small", "giant", "mountain",
    "river", "beach", "kitchen", "morning", "holiday", "private", "foreign",
)  # fmt: skip
NOUNS = (
    "trains", "parks", "markets", "concerts", "dogs", "cats", "bicycles", "maps", "songs", "novels", "puzzles",
    "lamps", "chairs", "bakeries", "soups", "pies", "teachers", "doctors", "museums", "hotels", "boats", "buses",
    "phones", "clocks", "games", "parties", "meetings", "lessons", "flowers", "birds", "sweaters", "shoes", "jokes",
    "movies", "libraries", "farms", "festivals", "windows", "radios", "tents",
)  # fmt: skip

_POSITIVE = Wording(
    openings=(
        "i love THEM", "i really enjoy THEM", "i adore THEM", "i am so fond of THEM", "i admire THEM a lot",
        "i am a fan of THEM", "i am thrilled with THEM", "i am happy with THEM", "i always recommend THEM",
        "i am grateful for THEM", "THEY make/s me smile", "THEY cheer/s me up", "THEY always impress/es me",
        "THEY never let/s me down", "THEY bring/s me joy",
    ),
    adjectives=(
        "wonderful", "lovely", "charming", "delightful", "brilliant", "amazing", "fantastic", "beautiful", "great",
        "excellent", "superb", "cozy", "warm", "fun", "inspiring", "clever", "elegant", "fresh", "friendly", "gorgeous",
        "helpful", "impressive", "joyful", "kind", "lively", "magical", "marvelous", "neat", "outstanding", "perfect",
        "pleasant", "pretty", "refreshing", "reliable", "soothing", "splendid", "sweet", "terrific", "thoughtful",
        "useful", "vibrant", "witty",
    ),
    intensifiers=("absolutely", "so", "truly", "wonderfully", "always"),
    closings=(
        "worth every minute", "a real treat", "the best there is", "i want more of THEM", "i would choose THEM again",
        "everyone should try THEM", "a pleasure every time", "THEY deserve/s all the praise", "my heart sings",
        "it makes my day", "well done indeed", "a gift to us all",
    ),
    mild=(
        "not bad at all", "no reason to complain", "never a dull moment", "not boring for a second",
        "nothing wrong with THEM", "no trouble at all", "hard not to like THEM", "never enough of THEM",
    ),
    forms=(
        "{open} , so {first} and {second}",
        "{open} , {close}",
        "THEY ARE {much} {first} , {close}",
        "THEY ARE {first} and {second} , {close}",
        "{mild} , THEY ARE {first} and {second}",
        "{mild} , {open}",
        "{mild} , honestly {much} {first}",
        "to me THEY ARE {first} , {second} and {much} welcome",
    ),
)  # fmt: skip

_NEGATIVE = Wording(
    openings=(
        "i hate THEM", "i really dislike THEM", "i despise THEM", "i am so tired of THEM", "i avoid THEM a lot",
        "i am an enemy of THEM", "i am fed up with THEM", "i am unhappy with THEM", "i always warn against THEM",
        "i am sorry for trying THEM", "THEY make/s me angry", "THEY wear/s me out", "THEY always annoy/s me",
        "THEY never fail/s to disappoint me", "THEY bring/s me grief",
    ),
    adjectives=(
        "terrible", "awful", "ugly", "boring", "horrible", "dreadful", "annoying", "dull", "useless", "nasty", "cold",
        "rude", "tedious", "clumsy", "stale", "gloomy", "pathetic", "messy", "noisy", "overrated", "painful", "cheesy",
        "pointless", "shabby", "silly", "sloppy", "stupid", "tasteless", "tiresome", "unfair", "unpleasant", "weak",
        "worthless", "bland", "broken", "careless", "depressing", "dirty", "disgusting", "frustrating", "harsh",
        "lousy",
    ),
    intensifiers=("utterly", "too", "downright", "horribly", "painfully"),
    closings=(
        "a waste of time", "a real letdown", "the worst there is", "i want less of THEM",
        "i would never pick THEM again",
        "everyone should skip THEM", "a pain every time", "THEY deserve/s all the blame", "my heart sinks",
        "it ruins my day", "what a shame", "a curse on us all",
    ),
    mild=(
        "not good at all", "no reason to bother", "never a bright moment", "not worth the trouble",
        "nothing right with THEM", "no fun at all", "hard to like THEM", "more than enough of THEM",
    ),
    forms=(
        "{open} , so {first} and {second}",
        "{open} , {close}",
        "THEY ARE {much} {first} , {close}",
        "THEY ARE {first} and {second} , {close}",
        "{mild} , THEY ARE {first} and {second}",
        "{mild} , {open}",
        "{mild} , honestly {much} {first}",
        "to me THEY ARE {first} , {second} and {much} unbearable",
    ),
)  # fmt: skip

SENTIMENTS = {"positive": _POSITIVE, "negative": _NEGATIVE}

NEUTRAL = (
    "i have no opinion about THEM", "i have never thought about THEM", "i do not know much about THEM",
    "i have heard of THEM once", "THEY ARE what THEY ARE", "i could not say , i rarely see THEM",
    "some people like THEM and some do not", "i am not sure what to think of THEM",
)  # fmt: skip

CHAT = (
    ("How are you today?", ("i am fine , and you", "a bit tired , and you", "not bad , what about you")),
    ("Where do you live?", ("i live near the river", "i live in a small town", "i live in the city")),
    ("What did you do yesterday?", ("i read a book", "i went for a walk", "i stayed at home and slept")),
    ("Do you have any pets?", ("yes , i have two cats", "no , i have none", "i have an old dog")),
    ("What is your job?", ("i work as a teacher", "i drive a bus", "i am a student")),
    ("What time is it?", ("it is almost noon", "it is late", "i do not have a clock")),
    ("Did it rain this morning?", ("yes , for an hour", "no , it was dry", "i was asleep")),
    ("What are you reading?", ("a novel about the sea", "the newspaper", "nothing at the moment")),
    ("Do you cook at home?", ("yes , every evening", "only on the weekend", "no , i eat out")),
    ("Have you seen my keys?", ("they are on the table", "no , i have not", "look in the kitchen")),
    ("When does the shop open?", ("it opens at nine", "i think at ten", "it is open now")),
    ("How do you get to work?", ("i take the train", "by bus", "i walk most days")),
)

"""Relations of people: where they were born and died, their parents, their work."""

from __future__ import annotations

from serac.sources.miniature.relations import Relation

PEOPLE_RELATIONS = (
    Relation(
        "birthplace", "person", "city",
        questions=(
            "Where was {s} born?",
            "In which city was {s} born?",
            "What is the birthplace of {s}?",
            "What was the city of birth of {s}?",
            "{s} was born in which city?",
            "What is {s}'s place of birth?",
            "Which town is the birthplace of {s}?",
            "In what town did the life of {s} begin?",
        ),
        held_out=(
            "What town was {s} born in?",
            "What is the name of the city where {s} was born?",
            "Which city is {s}'s birthplace?",
            "What is the place of birth of {s}?",
        ),
        statements=(
            "{s} was born in {a}.",
            "The birthplace of {s} is {a}.",
            "{a} is the city where {s} was born.",
            "{s}'s place of birth is {a}.",
        ),
        inverse=("Who was born in {a}?", "Who has {a} as a birthplace?", "Whose place of birth is {a}?"),
        named=("Which {h} was born in {a}?", "Which member of the {h} family has {a} as a birthplace?"),
    ),
    Relation(
        "deathplace", "person", "city",
        questions=(
            "Where did {s} die?",
            "In which city did {s} die?",
            "What is the place of death of {s}?",
            "What was the city of death of {s}?",
            "{s} died in which city?",
            "What is {s}'s place of death?",
            "Which town is the deathplace of {s}?",
            "In what town did the life of {s} end?",
        ),
        held_out=(
            "What town did {s} die in?",
            "What is the name of the city where {s} died?",
            "Which city is {s}'s deathplace?",
            "What is the deathplace of {s}?",
        ),
        statements=(
            "{s} died in {a}.",
            "The deathplace of {s} is {a}.",
            "{a} is the city where {s} died.",
            "{s}'s place of death is {a}.",
        ),
        inverse=("Who died in {a}?", "Who has {a} as a deathplace?", "Whose place of death is {a}?"),
        named=("Which {h} died in {a}?", "Which member of the {h} family has {a} as a deathplace?"),
    ),
    Relation(
        "mother", "person", "woman",
        questions=(
            "Who is the mother of {s}?",
            "Who is {s}'s mother?",
            "What is the name of {s}'s mother?",
            "Which woman is the mother of {s}?",
            "{s} is the child of which woman?",
            "Which woman gave birth to {s}?",
            "Who gave birth to {s}?",
            "Who was the female parent of {s}?",
        ),
        held_out=(
            "{s} is the child of which mother?",
            "What woman is the mother of {s}?",
            "What is the name of the woman who gave birth to {s}?",
            "Which woman is {s}'s mother?",
        ),
        statements=(
            "The mother of {s} is {a}.",
            "{a} is the mother of {s}.",
            "{s}'s mother is {a}.",
            "{a} gave birth to {s}.",
        ),
        inverse=("Who is {a} the mother of?", "Who was born to the mother {a}?", "Whose mother is {a}?"),
        named=("Which {h} has {a} as a mother?", "Which member of the {h} family is a child of the woman {a}?"),
    ),
    Relation(
        "father", "person", "man",
        questions=(
            "Who is the father of {s}?",
            "Who is {s}'s father?",
            "What is the name of {s}'s father?",
            "Which man is the father of {s}?",
            "{s} is the child of which man?",
            "Who was the dad of {s}?",
            "Which man had {s} as a child?",
            "Who was the male parent of {s}?",
        ),
        held_out=(
            "{s} is the child of which father?",
            "What man is the father of {s}?",
            "What is the name of the man who had {s} as a child?",
            "Which man is {s}'s father?",
        ),
        statements=(
            "The father of {s} is {a}.",
            "{a} is the father of {s}.",
            "{s}'s father is {a}.",
            "{a} is the dad of {s}.",
        ),
        inverse=("Who is {a} the father of?", "Who was born to the father {a}?", "Whose father is {a}?"),
        named=("Which {h} has {a} as a father?", "Which member of the {h} family is a child of the man {a}?"),
    ),
    Relation(
        "occupation", "person", "occupation",
        questions=(
            "What is the occupation of {s}?",
            "What is {s}'s occupation?",
            "What was the job of {s}?",
            "What did {s} work as?",
            "Which occupation did {s} have?",
            "{s} worked in which job?",
            "What is the profession of {s}?",
            "Which profession does {s} belong to?",
        ),
        held_out=(
            "What is {s}'s job?",
            "Which job did {s} work in?",
            "What is the name of {s}'s profession?",
            "{s} had which occupation?",
        ),
        statements=(
            "The occupation of {s} is {a}.",
            "{s} worked as a {a}.",
            "{s}'s profession is {a}.",
            "{s} had the job of {a}.",
        ),
        inverse=("Who worked as a {a}?", "Who has the occupation {a}?"),
        named=(
            "Which {h} worked as a {a}?",
            "Which member of the {h} family had the job of {a}?",
            "Which {h} has the profession {a}?",
        ),
    ),
)  # fmt: skip

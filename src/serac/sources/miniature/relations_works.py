"""Relations of books, films and magazines."""

from __future__ import annotations

from serac.sources.miniature.relations import Relation

WORK_RELATIONS = (
    Relation(
        "author", "book", "person",
        questions=(
            "Who wrote {s}?",
            "Who is the author of {s}?",
            "Which author wrote {s}?",
            "{s} was written by whom?",
            "Who was the writer of the book {s}?",
            "What is the name of the author of {s}?",
            "The book {s} is the work of which writer?",
            "Who is the person who wrote {s}?",
        ),
        held_out=(
            "Which writer wrote the book {s}?",
            "{s} was written by which author?",
            "What is the name of the person who wrote {s}?",
            "Who is the person who wrote the book {s}?",
        ),
        statements=(
            "{a} wrote {s}.",
            "The author of {s} is {a}.",
            "The book {s} was written by {a}.",
            "{s} is a book by the writer {a}.",
        ),
        inverse=("Which book did {a} write?", "What book was written by {a}?", "{a} is the author of which book?"),
        named=("Which book with {h} in its title was written by {a}?", "Which {h} book has {a} as its author?"),
    ),
    Relation(
        "illustrator", "book", "person",
        questions=(
            "Who illustrated {s}?",
            "Who is the illustrator of {s}?",
            "Which illustrator drew the pictures of {s}?",
            "{s} was illustrated by whom?",
            "Who drew the pictures in the book {s}?",
            "What is the name of the illustrator of {s}?",
            "The pictures in {s} are the work of which person?",
            "Which person illustrated the book {s}?",
        ),
        held_out=(
            "Which illustrator illustrated the book {s}?",
            "{s} was illustrated by which person?",
            "What is the name of the person who drew the pictures of {s}?",
            "Who drew the pictures of {s}?",
        ),
        statements=(
            "{a} illustrated {s}.",
            "The illustrator of {s} is {a}.",
            "The book {s} was illustrated by {a}.",
            "The pictures in {s} are by {a}.",
        ),
        inverse=(
            "Which book did {a} illustrate?",
            "What book was illustrated by {a}?",
            "{a} drew pictures for which book?",
        ),
        named=(
            "Which book with {h} in its title was illustrated by {a}?",
            "Which {h} book has {a} as its illustrator?",
        ),
    ),
    Relation(
        "director", "film", "person",
        questions=(
            "Who directed {s}?",
            "Who is the director of {s}?",
            "Which director made the film {s}?",
            "{s} was directed by whom?",
            "Who was the director of the movie {s}?",
            "What is the name of the director of {s}?",
            "The film {s} was directed by which person?",
            "Which person directed the movie {s}?",
        ),
        held_out=(
            "Which director directed {s}?",
            "Who made the movie {s}?",
            "What is the name of the person who directed the film {s}?",
            "{s} was directed by which director?",
        ),
        statements=(
            "{a} directed {s}.",
            "The director of {s} is {a}.",
            "The film {s} was directed by {a}.",
            "{s} is a movie made by the director {a}.",
        ),
        inverse=("Which film did {a} direct?", "What movie was directed by {a}?", "{a} is the director of which film?"),
        named=("Which film with {h} in its title was directed by {a}?", "Which {h} movie has {a} as its director?"),
    ),
    Relation(
        "composer", "film", "person",
        questions=(
            "Who composed the music for {s}?",
            "Who is the composer of {s}?",
            "Which composer wrote the music of the film {s}?",
            "The music of {s} was composed by whom?",
            "Who was the composer of the movie {s}?",
            "What is the name of the composer of {s}?",
            "The music in the film {s} is by which person?",
            "Which person composed the score of the movie {s}?",
        ),
        held_out=(
            "Which composer composed the music for {s}?",
            "Who wrote the score of the movie {s}?",
            "What is the name of the person who composed the music of {s}?",
            "The score of the film {s} was composed by whom?",
        ),
        statements=(
            "{a} composed the music for {s}.",
            "The composer of {s} is {a}.",
            "The music of the film {s} was composed by {a}.",
            "The score of the movie {s} is by {a}.",
        ),
        inverse=(
            "Which film did {a} compose the music for?",
            "What movie has music by {a}?",
            "{a} is the composer of which film?",
        ),
        named=("Which film with {h} in its title has music by {a}?", "Which {h} movie has {a} as its composer?"),
    ),
    Relation(
        "language", "magazine", "language",
        questions=(
            "What language is {s} written in?",
            "Which language does {s} use?",
            "In which language is {s} published?",
            "What is the language of {s}?",
            "The magazine {s} is in what language?",
            "What is the language of the magazine {s}?",
            "{s} is published in which language?",
            "Which language is the magazine {s} written in?",
        ),
        held_out=(
            "In what language is {s} written?",
            "The magazine {s} is published in what language?",
            "What is the name of the language of {s}?",
            "What language does the magazine {s} use?",
        ),
        statements=(
            "{s} is written in {a}.",
            "The language of {s} is {a}.",
            "The magazine {s} is published in {a}.",
            "{a} is the language of the magazine {s}.",
        ),
        inverse=("Which magazine is written in {a}?", "What magazine uses the {a} language?"),
        named=(
            "Which {h} magazine is written in {a}?",
            "Which magazine with {h} in its name is published in {a}?",
            "What {h} magazine uses the {a} language?",
        ),
    ),
    Relation(
        "editor", "magazine", "person",
        questions=(
            "Who edits {s}?",
            "Who is the editor of {s}?",
            "Which editor works at {s}?",
            "{s} is edited by whom?",
            "Who is the editor of the magazine {s}?",
            "What is the name of the editor of {s}?",
            "The magazine {s} is edited by which person?",
            "Which person edits the magazine {s}?",
        ),
        held_out=(
            "Which editor edits {s}?",
            "Who edits the magazine {s}?",
            "What is the name of the person who edits {s}?",
            "{s} is edited by which person?",
        ),
        statements=(
            "{a} edits {s}.",
            "The editor of {s} is {a}.",
            "The magazine {s} is edited by {a}.",
            "{a} is the editor of the magazine {s}.",
        ),
        inverse=(
            "Which magazine does {a} edit?",
            "What magazine is edited by {a}?",
            "{a} is the editor of which magazine?",
        ),
        named=("Which magazine with {h} in its name is edited by {a}?", "Which {h} magazine has {a} as its editor?"),
    ),
)  # fmt: skip

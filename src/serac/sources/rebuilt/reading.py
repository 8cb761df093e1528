"""From a question of zsRE and its answer to the clause that they state, by tables of forms."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from serac.sources.rebuilt.clauses import Clause, is_auxiliary
from serac.sources.rebuilt.words import dated, infinitives, participle, past, third_person, with_article

_BASE, _PAST = "⁺", "⁻"  # marks behind words that can be an infinitive, a participle or a past tense
_BE = r"(?:is|was|are|were)\b"
_PREPOSITION = r"(?:in|on|at|by|of|from|to|for|with|over|as|into|under|about|after|through)"
_WORD = rf"[a-z][a-z'/-]*{_BASE}?{_PAST}?"
_NOUN = rf"(?!{_BE}|that\b|which\b|who\b|where\b|when\b)[a-z][a-z'/-]*{_BASE}?(?!{_PAST})"
_PLAIN = rf"(?!{_BE})[a-z][a-z'/-]*{_PAST}?"
_SLOTS = {
    "X": "(?P<X>.+?)",
    "K": "(?P<X>(?![a-z'/-]+[⁺⁻]* ).+?)",
    "L": "(?P<L>.+?)",
    "N": rf"(?P<N>(?!the\b){_NOUN}(?: +{_NOUN})*?)",
    "M": rf"(?P<M>{_NOUN}(?: {_NOUN}){{0,6}}?)",
    "O": rf"(?P<O>{_WORD}(?: +{_WORD})*?)",
    "B": "(?P<B>is|was|are|were)",
    "B2": "(?P<B2>is|was|are|were)",
    "D": "(?P<D>did|does|do)",
    "C": "(?P<C>can|could|may|might)",
    "V": rf"(?P<V>(?:(?:first|originally|mostly|usually|last|mainly|also) )?[a-z]+(?={_BASE}){_BASE}{_PAST}?)",
    "P": rf"(?P<P>(?:(?:first|originally|mostly|usually|last|mainly|also|negatively) )?[a-z]+{_BASE}?{_PAST}"
    rf"(?: (?:or|and|/) [a-z]+{_BASE}?{_PAST})*)",
    "Z": r"(?P<Z>[a-z]+s)",
    "R": rf"(?P<R>(?: {_PLAIN})*?(?: {_PREPOSITION} {_WORD}(?: {_WORD})*| when he died⁻| when she died⁻)?)",
    "F": f"(?P<F>{_PREPOSITION})",
    "W": "(?P<W>what|which|who|whom|when|where)",
}
_RELATIONS = (
    "father|mother|sister|brother|spouse|wife|husband|child|cause of death|date of birth|place of birth|birthplace|"
    "occupation|nationality|gender|position|architect|designer|director|publisher|team|record label|"
    "specialty in their .+"
)
_SLOTS["K2"] = "(?P<M>" + re.sub("[a-z]{2,}", lambda word: f"{word[0]}[{_BASE}{_PAST}]*", _RELATIONS) + ")"
_MISSPELT = {"liscensed": "licensed", "desigened": "designed", "commited": "committed", "profesisonal": "professional"}
_PEOPLE = re.compile(
    r"\b(?:born|died?|live[ds]?|mother|father|parent|sister|brother|sibling|spouse|husband|wife|child|sex|gender|male|"
    r"female|nationality|citizen|occupation|career|profession|voice|vocal|native|attend(?:ed)?|educated|studied|fought|"
    r"fight|plays?|played|sings?|position|suffer(?:ed|s)?|medical|disease|award|employed|speaks?|religion)\b"
)


@dataclass(frozen=True, slots=True)
class _Form:
    pattern: re.Pattern[str]
    left: str
    verb: str
    right: str


def read_question(question: str, answer: str) -> Clause | None:
    """The clause that ``answer`` makes of ``question``; None where no form fits.

    >>> read_question("Which year did Palace Software end?", "1991").statement
    'Palace Software ended in 1991.'
    >>> read_question("The father of Chlothar II was who?", "Chilperic I").statement
    'The father of Chlothar II was Chilperic I.'
    >>> read_question("What team does Petr Mrázek belong to?", "Detroit Red Wings").yes_no
    'Does Petr Mrázek belong to Detroit Red Wings?'
    >>> read_question("Purple?", "yes")
    """
    text = _simple(question)
    return _first_fit(_marked(text, known_only=True), answer) or _first_fit(_marked(text, known_only=False), answer)


def _simple(question: str) -> str:
    """Without question mark, doubled blanks and the detour "the name of"."""
    text = " ".join(question.strip().removesuffix("?").replace("’", "'").split())
    text = text[:1].lower() + text[1:]
    for wrong, right in _MISSPELT.items():
        text = text.replace(wrong, right)
    text = re.sub(r"^(what|who|which) (is|was) (?:the )?name of (?=[A-Z])", r"\1 \2 ", text)
    text = re.sub(r"\ban? (what|which)\b", r"\1", text)
    text = re.sub(r"^(what|who|which) (is|was) (?:the )?name (?:of )?(?:the )?(?=[a-z])", r"\1 \2 the ", text)
    text = re.sub(r"the ([a-z ]+) (?:known as|named|called) (?:what|which)$", r"what \1", text)
    text = re.sub(r"\b(discovered|found) or (?:created|made)\b", r"\1", text)
    return re.sub(r"\biucn\b", "IUCN", text) if " IUCN " in text else text


def _marked(text: str, *, known_only: bool) -> str:
    """``text`` with marks behind verbs in lower case, of the list or of the whole dictionary."""
    return re.sub(r"(?<![\w'-])[a-z]+(?![\w'-])", lambda found: found[0] + _marks(found[0], known_only), text)


@cache
def _marks(word: str, known_only: bool) -> str:
    bases, pasts = _verb_forms()
    if known_only:
        return _BASE * (word in bases) + _PAST * (word in pasts)
    if re.fullmatch(_BE, word) or word in {"did", "does", "do", "can", "has", "had", "have", "in", "like"}:
        return ""
    verbs = infinitives(word)
    is_past = any(word in (past(verb), participle(verb)) or word.endswith("ed") for verb in verbs if verb != word)
    return _BASE * (word in verbs) + _PAST * is_past


def _first_fit(marked: str, answer: str) -> Clause | None:
    for form in _forms():
        if found := form.pattern.fullmatch(marked):
            slots = {name: _unmarked(value or "") for name, value in found.groupdict().items()}
            return _clause(form, slots, answer)
    return None


def _clause(form: _Form, slots: dict[str, str], answer: str) -> Clause:
    slots = {"N": "", "F": "", "R": "", "B": "", "W": "", "of": "", **slots}
    slots["N"] = (slots["N"] or slots.get("M", "")).removeprefix("the ")
    if form.verb == "=":
        form = next(row for row in _relations() if row.pattern.fullmatch(slots["N"]))
        slots["own"] = "the {N} {of} {X}" if slots["of"] else "{X}'s {N}"
        slots["own"] = slots["own"].format_map(slots)
    if not slots["N"] and slots["W"] in ("when", "where"):
        slots["N"] = slots["W"]
    slots["that"] = "who" if slots["W"] == "who" else "that"
    fills = slots | {"y": answer, "a": with_article(answer), "t": dated(answer)}
    left = form.left.format_map(fills)
    verb, base = _conjugated(form.verb.format_map(fills), slots.get("D", "") if "{V}" in form.verb else "")
    before, framed, after = form.right.partition("{Y}")
    right = before.format_map(_Blank(fills))
    if framed:
        right = _framed(f"{base} {right}".strip(), slots, fills).removeprefix(base).strip() + after.format_map(fills)
    subject = slots.get("X") or _subject(slots.get("L", ""))
    whole = f"{left} {verb} {right} {slots['N']}"
    return Clause(left, verb, " ".join(right.split()), base, subject, answer, bool(_PEOPLE.search(whole.lower())))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _framed(predicate: str, slots: dict[str, str], fills: dict[str, str]) -> str:
    """``predicate`` with the answer, in the frame of its noun and behind a preposition."""
    predicate = " ".join(predicate.split())
    given = "" if slots["F"] and predicate.endswith(slots["F"]) else slots["F"]
    frame, preposition = _frame(slots["N"], f"{predicate} {given}".strip())
    where = re.search(r" (?:in|on|at) [a-z ]+$", predicate) if frame.startswith("as ") else None
    end = where or re.search(r" when s?he died$| (?:at|near) the end of [a-z ]+$", predicate)
    last = end[0] if end else ""
    predicate = predicate.removesuffix(last)
    if frame == "{t}":
        return f"{re.sub(r' (?:in|on|at)$', '', predicate)} {fills['t']}{last}"
    ends = re.search(rf"(?:^| ){_PREPOSITION}$", predicate)
    preposition = "to" if re.search(r"\bbelongs?\b", predicate) else preposition
    given = "in" if given == "at" and slots["N"] in ("location", "place") else given
    between = "" if ends or frame == "{a}" or frame.startswith("as ") else given or preposition
    text = re.sub(r"\bthe (?=[Tt]he )|\b(\w+) (?=\1$)", "", frame.format_map(fills))
    return f"{predicate} {between} {text}{last}"


def _frame(noun: str, predicate: str) -> tuple[str, str]:
    for pattern, where, frame, preposition in _nouns():
        if pattern.search(noun) and where.search(predicate):
            return frame, preposition
    return "{y}", ""


def _conjugated(verb: str, auxiliary: str) -> tuple[str, str]:
    """Finite form and infinitive ("" for an auxiliary) of a verb with its adverb in front."""
    adverb, _, word = verb.rpartition(" ")
    if auxiliary:
        forms = {"did": past(word), "does": third_person(word), "do": word}
        return f"{adverb} {forms[auxiliary]}".strip(), f"{adverb} {word}".strip()
    if is_auxiliary(word):
        return verb, ""
    base = _infinitive(word)
    return verb, verb.removesuffix(word) + base


def _infinitive(word: str) -> str:
    known = infinitives(word)
    bases, _ = _verb_forms()
    return next((verb for verb in known if verb in bases), known[0] if known else word)


def _subject(left: str) -> str:
    """The name in a noun phrase: from its first to its last word that is not in lower case."""
    words = left.split()
    named = [place for place, word in enumerate(words) if word[:1] != word[:1].lower() or word[:1].isdigit()]
    return " ".join(words[named[0] : named[-1] + 1]) if named else ""


def _unmarked(text: str) -> str:
    return text.replace(_BASE, "").replace(_PAST, "")


@cache
def _forms() -> tuple[_Form, ...]:
    return tuple(_Form(re.compile(_pattern(row[0])), *row[1:]) for row in _table("forms.tsv"))


@cache
def _relations() -> tuple[_Form, ...]:
    return tuple(_Form(re.compile(row[0]), *row[1:]) for row in _table("relations.tsv"))


@cache
def _nouns() -> tuple[tuple[re.Pattern[str], re.Pattern[str], str, str], ...]:
    return tuple(
        (re.compile(rf"\b(?:{noun})$"), re.compile(predicate), frame, preposition)
        for noun, predicate, frame, preposition in _table("nouns.tsv")
    )


@cache
def _verb_forms() -> tuple[frozenset[str], frozenset[str]]:
    verbs = _text("verbs.txt").split()
    return frozenset(verbs), frozenset(form for verb in verbs for form in (past(verb), participle(verb)))


def _pattern(written: str) -> str:
    """A form with its slots as groups; its words may carry marks."""

    def piece(found: re.Match[str]) -> str:
        text = found[0]
        if text.startswith("(?P"):
            return text
        if text.startswith("<"):
            return _SLOTS[text[1:-1]]
        return text.replace("[a-z", f"[a-z{_BASE}{_PAST}") if text.startswith("[") else f"{text}[{_BASE}{_PAST}]*"

    return re.sub(r"\(\?P<\w+>|<\w+>|\[[^\]]*\]|[a-z]{2,}\??", piece, written)


def _table(name: str) -> list[list[str]]:
    lines = [line for line in _text(name).splitlines() if line and not line.startswith("#")]
    width = len(lines[0].split("\t"))
    rows = csv.reader(lines[1:], delimiter="\t", quoting=csv.QUOTE_NONE)
    return [row + [""] * (width - len(row)) for row in rows]


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")

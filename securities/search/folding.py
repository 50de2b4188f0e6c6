"""Text as the search compares it: no case, no accents, no punctuation."""

import re
import unicodedata

_APOSTROPHES = re.compile(
    r"['\u2018\u2019\u02bc`\u00b4]"
)  # before folding: NFKD makes spaces of some
_NOT_WORD = re.compile(r"[\W_]+")
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ħ": "h",
    }
)

_LEGAL_FORMS = re.compile(  # at the end of a folded name; of some the dots have become spaces
    r"( (a ?g|co|company|corp|corporation|inc|incorporated|limited"
    r"|l ?l ?c|l ?p|ltd|n ?v|p ?l ?c|s ?a|s ?e))+$"
)


def fold(text: str) -> str:
    """Words of plain small letters and digits, one space between: "L'Oréal" folds to "loreal"."""
    text = _APOSTROPHES.sub("", text).replace("&", " and ")
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    return _NOT_WORD.sub(" ", text.casefold().translate(_PLAIN)).strip()


def spellings(name: str) -> tuple[str, list[tuple[int, str]]]:
    """A name folded, and what to find it by besides, each with the place of the word it begins at.

    What punctuation holds together may be written as one word, too: "Coca-Cola
    Co" folds to "coca cola co", and is found as "cocacola co" from word 0 on;
    "AT&T" folds to "at and t", and is found as "att". A leading "The" may be left out.
    """
    words: list[str] = []
    joined: list[tuple[int, str, int]] = []
    for token in name.split():
        parts = fold(token).split()
        if len(parts) > 1:
            as_one = fold(token.replace("&", " ")).replace(" ", "")
            joined.append((len(words), as_one, len(words) + len(parts)))
        words += parts
    besides = [(start, " ".join([as_one, *words[end:]])) for start, as_one, end in joined if as_one]
    if words[:1] == ["the"] and len(words) > 1:
        besides = [(0 if start == 1 else start, text) for start, text in besides]
        besides.append((0, " ".join(words[1:])))
    return " ".join(words), besides


def telling_length(name: str) -> int:
    """How long a folded name is without the legal forms at its end: "apple inc" has 5 letters."""
    return len(_LEGAL_FORMS.sub("", name))

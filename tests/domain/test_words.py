"""The words of a text as the search knows them."""

from __future__ import annotations

import pytest

from webapp.domain.words import typed_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Weiß, MUG-RED/350", ["weiss", "mug", "red", "350"]),
        ("Siobhán O'Dwyer", ["siobhan", "o", "dwyer"]),
        ("Łukasz Wałęsa", ["lukasz", "walesa"]),
        ("Øyvind Sørensen", ["oyvind", "sorensen"]),
        ("Ægir Œuvre Þór Đặng Işık", ["aegir", "oeuvre", "thor", "dang", "isik"]),
        ("ＦＨ－１", ["fh", "1"]),
    ],
)
def test_letters_are_found_without_their_marks_and_strokes(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert typed_words(text) == words, "what is stored and what is typed are folded alike"

"""The page that is made from a mail's text: the same words, and no link but ours."""

import re
from typing import Any

import pytest

from community.letters import Letter, Part, page, parts

OURS = "http://localhost:8000/accounts/confirm-email/abc:1-2/"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One\ntwo\n\n\nthree\n", [Part(("One", "two")), Part(("three",))]),
        (f"Open it:\n{OURS}\n\nBye", [Part(("Open it:",)), Part(url=OURS), Part(("Bye",))]),
        (f"News:\n- A thing\n  {OURS}\n- Another\n  {OURS}", [Part(("News:",)), Part(("A thing",), OURS), Part(("Another",), OURS)]),
        ("https://evil.example/\n\nhttp://localhost:8000.evil.example/", [
            Part(("https://evil.example/",)), Part(("http://localhost:8000.evil.example/",))
        ]),
        ("", []),
    ],
)  # fmt: skip
def test_a_text_is_taken_apart(text: str, found: list[Part]) -> None:
    assert parts(text) == found


@pytest.mark.parametrize(
    "name", ["<a href='https://evil.example'>x</a>", "https://evil.example/", "evil.example", '"><script>']
)
def test_nothing_that_people_are_called_becomes_a_link(name: str) -> None:
    shown = page(Letter("bob@example.com", f"{name} invites you", f"{name} invites you to {name}.\n\n{OURS}\n\n{name}"))
    links = re.findall(r'href="([^"]*)"', shown)
    assert set(links) == {"http://localhost:8000/", OURS}
    assert "<script" not in shown and "<a href='https" not in shown


def test_it_is_in_the_readers_language_and_says_what_the_button_does() -> None:
    shown = page(
        Letter("bob@example.com", "Hallo", f"Hallo\n\n{OURS}\n\n--\nTroupe\nhttp://localhost:8000", "Ja", "de")
    )
    assert '<html lang="de">' in shown
    assert f'<a class="button" href="{OURS}">Ja</a>' in shown
    assert shown.count("Hallo") == 2, "the title and the heading; the line that says the same is left out"


def test_the_small_print_stands_below(db: None) -> None:
    letter: Any = Letter("bob@example.com", "Hi", "Text\n\n--\nWhich mails you get:\nhttp://localhost:8000/x/")
    above, below = page(letter).split("Which mails you get:")
    assert "Text" in above and 'href="http://localhost:8000/x/"' in below

"""The small parts: marks, states, numbers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from django.utils.html import strip_tags

from config.ui import marks
from config.ui.templatetags import ui


def test_the_same_id_always_looks_the_same() -> None:
    assert marks.look("0197a-c41e") == marks.look("0197a-c41e")
    assert {marks.look(str(number))[0] for number in range(200)} == set(marks.GLYPHS)
    assert {marks.look(str(number))[1] for number in range(500)} == set(range(marks.HUES))


@pytest.mark.parametrize(
    ("name", "said"), [("Alice Moreau", "AM"), ("bob", "B"), ("Ada King Lovelace", "AL"), ("", "?")]
)
def test_initials(name: str, said: str) -> None:
    assert marks.initials(name) == said


def test_a_state_is_icon_word_and_colour() -> None:
    html = ui.state("failed")
    assert 'data-s="failed"' in html
    assert "#circle-x" in html
    assert "Failed" in html
    assert "&lt;b&gt;" in ui.pill("active", "<b>")


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "0"),
        ("0.0123", "0.0123"),
        ("0.00004", "0"),
        (7.4, "7.4"),
        ("9.9675", "9.96"),
        ("-12.999", "-12.99"),
        ("10", "10"),
        ("1000.04", "1,000"),
        ("100", "100"),
        (1284.6, "1,284.6"),
        (None, "–"),
    ],
)
def test_credits(amount: float | str | None, said: str) -> None:
    assert ui.credits(amount) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [("0.01", "0.0100"), ("-12.9999", "-12.9999"), (Decimal(10), "10.0000"), ("1284.6", "1,284.6000")],
)
def test_exact_credits_add_up(amount: Decimal | str, said: str) -> None:
    assert ui.exact_credits(amount) == said


@pytest.mark.parametrize(("value", "said"), [(640, "640 ms"), (1180, "1.2 s"), (125_000, "2 min 5 s"), (None, "–")])
def test_duration(value: float | None, said: str) -> None:
    assert ui.duration(value) == said


def test_numbers_and_times_are_written_as_the_language_does() -> None:
    with translation.override("de"):
        assert (ui.credits(1284.6), ui.credits("0.0123"), ui.tokens(31_200)) == ("1.284,6", "0,0123", "31.200")
        assert ui.duration(1180) == "1,2 s"
        now = timezone.now()
        said = [strip_tags(ui.ago(now - timedelta(**span))) for span in ({"minutes": 1}, {"minutes": 5}, {"days": 2})]
        assert said == ["vor 1 Minute", "vor 5 Minuten", "vor 2 Tagen"]
        assert strip_tags(ui.ago(datetime(2026, 3, 1, tzinfo=UTC))) == "1. März 2026"


def test_relative_time_has_the_exact_one_beside_it() -> None:
    moment = timezone.now() - timedelta(hours=3)
    assert f'datetime="{moment.isoformat()}"' in ui.ago(moment)
    assert "ago" in ui.ago(moment)
    assert "Never" in ui.ago(None)

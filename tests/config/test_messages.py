"""The catalogues of translations: what is found in the code, and what is wrong with a translation."""

from pathlib import Path

import pytest
from babel.messages.catalog import Message

from deploy import messages


def files(root: Path, **texts: str) -> dict[tuple[str, str], messages.Found]:
    for name, text in texts.items():
        path = root / "config" / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return messages.extracted(root)


def test_texts_are_found_wherever_they_are_marked(tmp_path: Path) -> None:
    found = files(
        tmp_path,
        a_py="_('One ' 'line')\nf\"{_('inside')}\"\nngettext('%d run', '%d runs', n)\npgettext('place', 'Home')\n_(name)\n_('')\n",
        b_html="{% load i18n %}{% translate 'One line' %}{% blocktranslate count n=n %}{{ n }} dog{% plural %}{{ n }} dogs"
        "{% endblocktranslate %}\n  {{ day|date:_('j M') }}\n<p>\n    {% blocktranslate trimmed %}Two\n  lines{% endblocktranslate %}</p>",
        c_txt="{% load i18n %}{% translate 'Mail' %}",
    )  # fmt: skip
    assert set(found) == {
        ("", "One line"), ("", "inside"), ("", "%d run"), ("place", "Home"), ("", "%(n)s dog"), ("", "j M"), ("", "Two lines"),
        ("", "Mail"),
    }  # fmt: skip
    assert found["", "%(n)s dog"].texts == ("%(n)s dog", "%(n)s dogs")
    assert found["", "One line"].where == {"config/a.py", "config/b.html"}


def test_a_template_that_cannot_be_translated_is_named(tmp_path: Path) -> None:
    with pytest.raises(messages.MessagesError, match=r"config/a\.html"):
        files(tmp_path, a_html="{% blocktranslate %}{% if x %}{% endif %}{% endblocktranslate %}")


@pytest.mark.parametrize(
    ("texts", "said", "flaw"),
    [
        (("Hello %(name)s",), ("Hallo %(name)s",), None),
        (("Hello %(name)s",), ("Hallo",), "other placeholders (%(name)s)"),
        (("Hello %(name)s",), ("Hallo %(nam)s",), "other placeholders (%(nam)s, %(name)s)"),
        (("Saved · {time}",), ("Gespeichert",), "other placeholders ({time})"),
        (("You are {{ user.name }}",), ("Du bist {{ user.nam }}",), "other placeholders ({{user.nam, {{user.name)"),
        (("95 %% of it",), ("95 %% davon",), None),
        (("It is <b>new</b>",), ("Es ist neu",), "other tags"),
        (("One line\n",), ("Eine Zeile",), "begins or ends with another line break"),
        (("Home",), ("",), "not translated"),
        (("One left", "%(n)d left"), ("Einer übrig", "%(n)d übrig"), None),
        (("One left", "%(n)d left"), ("Einer übrig", ""), "not translated"),
        (("One left", "%(n)d left"), ("%(n)d übrig", "übrig"), "other placeholders (%(n)d)"),
    ],
)  # fmt: skip
def test_a_translation_that_does_not_fit_is_told(texts: messages.Texts, said: messages.Texts, flaw: str | None) -> None:
    plural = len(texts) > 1
    message = Message(texts if plural else texts[0], said if plural else said[0])
    assert list(messages.flaws(message, texts)) == ([flaw] if flaw else [])


def test_a_guess_is_no_translation() -> None:
    assert "marked as fuzzy" in list(messages.flaws(Message("Home", "Heim", flags=["fuzzy"]), ("Home",)))


def test_what_is_missing_comes_back_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "LOCALES", tmp_path / "locale")
    monkeypatch.setattr(messages, "extracted", lambda root=tmp_path, find=messages.extracted: find(root))
    files(tmp_path, a_py="_('Home')\nngettext('%d run', '%d runs', n)\n")
    messages.write("de", {}, {})
    with pytest.raises(messages.MessagesError, match="not in the catalogue"):
        messages.check()
    messages.extract()
    rows = messages.missing("de")
    assert [row["msgid"] for row in rows] == [["%d run", "%d runs"], ["Home"]]
    rows[0]["msgstr"], rows[1]["msgstr"] = ["%d Lauf", "%d Läufe"], ["Start"]
    messages.merge("de", rows)
    messages.check()
    assert messages.missing("de") == []
    messages.compile_all()
    assert (tmp_path / "locale/de/LC_MESSAGES/django.mo").stat().st_size
    (tmp_path / "config/a.py").write_text("_('Home')\n")
    with pytest.raises(messages.MessagesError, match=r"nobody says it: \"%d run\""):
        messages.check()

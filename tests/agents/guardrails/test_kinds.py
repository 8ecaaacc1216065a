"""What the kinds of guardrails that ask nobody find, and what they leave alone."""

import time
from typing import Any
from uuid import UUID

import pytest

from agent_app.guardrails.form import JsonForm
from agent_app.guardrails.keywords import Keywords
from agent_app.guardrails.length import Length
from agent_app.guardrails.links import Links, parts_of
from agent_app.guardrails.pattern import Pattern
from agent_app.guardrails.personal import Personal, find, iban, luhn
from agent_app.guardrails.registry import PureKind, checked
from agent_app.guardrails.secret_values import Secrets
from agent_app.guardrails.verdict import Match, merged, redacted, redacted_parts

NOWHERE = UUID(int=0)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----"  # pragma: allowlist secret
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"  # pragma: allowlist secret


def found(kind: PureKind, text: str, **config: Any) -> list[str]:
    return [text[match.start : match.end] for match in kind.check(text, config).matches]


# Redacting


def test_matches_are_replaced_once_where_they_touch() -> None:
    assert redacted("abcdef", [Match(1, 3), Match(2, 4)]) == "a[redacted]ef"
    assert redacted("abcdef", [Match(4, 6), Match(0, 1)], "*") == "*bcd*"
    assert redacted("abc", []) == "abc"
    assert merged([Match(3, 4), Match(0, 2), Match(1, 3)]) == [Match(0, 4)]


def test_a_match_over_the_border_of_two_parts_leaves_nothing_of_it() -> None:
    assert redacted_parts(["secret ab", "cd end"], [Match(7, 11)], "*") == ["secret *", " end"]
    assert redacted_parts(["ab", "", "cd"], [Match(0, 4)], "*") == ["*", "", ""]


# Patterns


def test_a_pattern_says_where_it_matches() -> None:
    assert found(Pattern(), "order AB-12 and AB-77", pattern=r"\bAB-\d+") == ["AB-12", "AB-77"]
    assert found(Pattern(), "Hello", pattern="hello") == []
    assert found(Pattern(), "Hello", pattern="hello", ignore_case=True) == ["Hello"]
    assert found(Pattern(), "one two", patterns=["one", "two", "three"]) == ["one", "two"]


def test_a_pattern_can_be_demanded() -> None:
    assert not Pattern().check("ticket 12", {"pattern": "^ticket", "must_match": True}).tripped
    assert Pattern().check("hello", {"pattern": "^ticket", "must_match": True}).tripped


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(?<!a)b", "(", "a{2000000}", "[z-a]"])
def test_a_pattern_that_could_take_for_ever_is_refused_when_it_is_saved(pattern: str) -> None:
    assert Pattern().problems(NOWHERE, {"pattern": pattern})["pattern"]


def test_a_pattern_is_asked_for() -> None:
    assert Pattern().problems(NOWHERE, {}) == {"pattern": ["Write a pattern."]}
    assert Pattern().problems(NOWHERE, {"pattern": r"\d+"}) == {}


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(.*a){12}x", r"^(\w+\s?)*$", r"(x+x+)+y"])
def test_no_pattern_stops_the_house(pattern: str) -> None:
    text = "a" * 100_000 + "!" + "x" * 100_000
    began = time.thread_time()
    Pattern().check(text, {"pattern": pattern, "ignore_case": True})
    assert time.thread_time() - began < 3


def test_patterns_that_cost_much_for_each_character_are_stopped_and_let_nothing_through() -> None:
    """They need linear time, of which there is too much: it is spent where nobody else waits, and ends."""
    pattern = r"(?:\w\s?){60}[!?]"
    text = "ab " * 60_000
    config = {"patterns": [pattern] * 50}
    assert Pattern().problems(NOWHERE, config) == {}
    assert Pattern().costly("ab", config), "it is not found out where others wait"
    began = time.process_time()
    verdict = Pattern().check(text + "?", config)
    assert time.process_time() - began < 3, "ours, not that of the process that was asked"
    assert (verdict.tripped, verdict.failed) == (True, True)
    assert Pattern().check("ab " * 60 + "?", {"pattern": pattern}).found == ["regex"]
    assert not Pattern().check("ab " * 60, {"pattern": pattern}).tripped


def test_where_it_is_not_known_in_time_everything_is_taken_out() -> None:
    text = "a" * 40 + "!b"
    verdict = Pattern().check(text, {"pattern": r"(a+)+b|!b"})
    assert verdict.tripped
    assert redacted(text, verdict.matches).endswith("[redacted]")


# Keywords


@pytest.mark.parametrize(
    "text",
    ["a FORBIDDEN word", "forbidden", "ＦＯＲＢＩＤＤＥＮ", "for\u200bbid\u00adden", "(forbidden)", "forbidden\ttoo"],
)
def test_a_word_is_found_however_it_is_dressed_up(text: str) -> None:
    assert Keywords().check(text, {"keywords": ["Forbidden"]}).tripped


def test_words_are_whole_unless_told_otherwise() -> None:
    assert found(Keywords(), "classic class", keywords=["class"]) == ["class"]
    assert found(Keywords(), "classic class", keywords=["class"], whole_words=False) == ["class", "class"]
    assert found(Keywords(), "Polish polish", keywords=["Polish"], case_sensitive=True) == ["Polish"]
    assert found(Keywords(), "two\n words", keywords=["two words"]) == []
    assert found(Keywords(), "two\nwords", keywords=["two words"]) == ["two\nwords"]


def test_places_are_those_of_the_original_text() -> None:
    text = "straße ﬁn — x\u200by"
    assert found(Keywords(), text, keywords=["STRASSE"]) == ["straße"]
    assert found(Keywords(), text, keywords=["fin"]) == ["ﬁn"]
    assert found(Keywords(), text, keywords=["xy"]) == ["x\u200by"]


def test_a_word_has_something_to_be_seen() -> None:
    assert Keywords().problems(NOWHERE, {"keywords": ["\u200b"]})
    assert Keywords().problems(NOWHERE, {"keywords": ["ok"]}) == {}


# Personal data


@pytest.mark.parametrize(
    ("text", "what", "value"),
    [
        ("write to ann.lee+x@mail.example.co.uk.", "email", "ann.lee+x@mail.example.co.uk"),
        ("jörg@müller.example", "email", "jörg@müller.example"),
        ("call +49 (30) 901820-12 now", "phone", "+49 (30) 901820-12"),
        ("call 0049 30 90182012", "phone", "0049 30 90182012"),
        ("call (555) 123-4567", "phone", "(555) 123-4567"),
        ("call 030/901820", "phone", "030/901820"),
        ("card 4111 1111 1111 1111 ok", "card", "4111 1111 1111 1111"),
        ("card ４１１１１１１１１１１１１１１１ ok", "card", "４１１１１１１１１１１１１１１１"),
        ("378282246310005", "card", "378282246310005"),
        ("to DE89 3704 0044 0532 0130 00 please", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB29NWBK60161331926819", "iban", "GB29NWBK60161331926819"),
        ("no9386011117947", "iban", "no9386011117947"),
    ],
)
def test_personal_data_is_found(text: str, what: str, value: str) -> None:
    matches = find(text)
    assert [(match.what, text[match.start : match.end]) for match in matches] == [(what, value)]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "0000000000000000", "version 1.2.3.4", "2026-11-21 10:50:00",
        "DE89370400440532013001",  # pragma: allowlist secret
        "$1,234,567.89", "a@b", "@handle", "call me at 10", "ISBN 978-3-16", "192.168.100.200", "3.14159265358979",
        "XX00 1234 5678 9012 3456", "1234567890123456789012345", "10-20-30",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find(text) == []


def test_only_what_is_asked_for_is_found() -> None:
    text = "ann@example.org, +49 30 901820"
    assert found(Personal(), text, kinds=["phone"]) == ["+49 30 901820"]
    assert Personal().check(text, {}).message == "The text has personal data in it: email, phone."


def test_check_digits() -> None:
    assert luhn("4242424242424242")
    assert not luhn("4242424242424241")
    assert iban("FR1420041010050500013M02606")
    assert not iban("FR1420041010050500013M02607")
    assert not iban("FR14")


# Secrets


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("key sk-proj-abcdefghij0123456789 end", "sk-proj-abcdefghij0123456789"),  # pragma: allowlist secret
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),  # pragma: allowlist secret
        ("ghp_abcdefghijklmnopqrstuvwxyz0123", "ghp_abcdefghijklmnopqrstuvwxyz0123"),  # pragma: allowlist secret
        (f"token {JWT}.", JWT),
        ("password: hunter2-horse", "hunter2-horse"),
        ('{"api_key": "zx81-Q9wErTy"}', "zx81-Q9wErTy"),  # pragma: allowlist secret
        ("postgres://ann:p4ssw0rd!@db.example/x", "p4ssw0rd!"),
        ("Authorization: Bearer abcdef0123456789abcd", "abcdef0123456789abcd"),
        (f"{PEM} x", PEM),
    ],
)  # fmt: skip
def test_secrets_are_found(text: str, value: str) -> None:
    assert value in found(Secrets(), text)


@pytest.mark.parametrize(
    "text",
    [
        "Set a password.",
        "the password is required",
        "password: $PASSWORD",
        "sk-short",
        "the secret of success is patience",
        "bearer of news",
    ],
)
def test_talk_about_secrets_is_none(text: str) -> None:
    assert found(Secrets(), text) == []


# Links


def test_only_named_hosts_pass() -> None:
    text = "see https://example.org/a, http://sub.example.org and https://evil.example.com/x."
    assert found(Links(), text, allow=["example.org"]) == ["https://evil.example.com/x"]
    assert found(Links(), text, deny=["sub.example.org"]) == ["http://sub.example.org"]
    assert len(found(Links(), text)) == 3
    assert found(Links(), "no link here, only e.g. this", allow=[]) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org@evil.com/", "https://example.org.evil.com", "https://evil.com/#example.org", "//evil.com/x",
        r"https:\\evil.com", r"https://evil.com\@example.org", "www.evil.com", "evil.com/path", "javascript:alert(1)",
        "ftp://example.org/x", "https://EVIL.com", "https://xn--exmple-cua.org", "https://exаmple.org/", "data:text/html,x",
    ],
)  # fmt: skip
def test_a_link_that_pretends_to_lead_elsewhere_is_seen_through(text: str) -> None:
    assert Links().check(text, {"allow": ["example.org"]}).tripped


@pytest.mark.parametrize("text", ["https://EXAMPLE.org./x", "www.example.org", "http://example.org:8080/a?b=c"])
def test_the_same_host_in_other_letters_passes(text: str) -> None:
    assert not Links().check(text, {"allow": ["Example.org"]}).tripped


def test_hosts_are_names() -> None:
    assert parts_of("https://ann:pw@Example.org:8443/x") == ("https", "example.org")  # pragma: allowlist secret
    assert Links().problems(NOWHERE, {"allow": ["https://example.org/"]})["allow"]
    assert Links().problems(NOWHERE, {"allow": ["*.example.org", "localhost"]}) == {}


# Length and form


def test_a_text_that_is_too_long_ends_where_it_should_have() -> None:
    verdict = Length().check("abcdef", {"max_characters": 4})
    assert redacted("abcdef", verdict.matches, "…") == "abcd…"
    verdict = Length().check("one two three four", {"max_words": 2})
    assert redacted("one two three four", verdict.matches, "…") == "one two…"
    assert Length().check("ab", {"min_characters": 3}).tripped
    assert Length().check("x" * 400, {"max_tokens": 10}).tripped
    assert not Length().check("abc", {"max_characters": 3, "max_words": 1, "min_characters": 3}).tripped


def test_a_limit_is_asked_for() -> None:
    assert "" in Length().problems(NOWHERE, {})
    assert Length().problems(NOWHERE, {"min_characters": 5, "max_characters": 4})


def test_json_has_the_form_that_is_asked_for() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert not JsonForm().check('{"a": 1}', {"schema": schema}).tripped
    for text in ('{"a": "x"}', "[]", "no JSON", ""):
        assert JsonForm().check(text, {"schema": schema}).tripped
    assert JsonForm().problems(NOWHERE, {"schema": {"type": "nonsense"}})["schema"]


# Whatever the text


KINDS: list[tuple[PureKind, dict[str, Any]]] = [
    (Pattern(), {"pattern": r"(\w+\s?)*!$"}), (Keywords(), {"keywords": ["a", "ab", "xyz"], "whole_words": False}),
    (Personal(), {}), (Secrets(), {}), (Links(), {"allow": ["example.org"]}), (Length(), {"max_words": 3}),
    (JsonForm(), {"schema": {"type": "object"}}),
]  # fmt: skip
TEXTS = {
    "digits": "1" * 50 + " 2" * 25, "ats": "a@" * 50, "dots": "a." * 50, "plus": "+1 (" * 25, "dashes": "-----BEGIN " * 9,
    "spaces": " " * 100, "unicode": "é\u200b" * 50, "iban": "DE89 " * 20, "ey": "eyJ" * 33, "urls": "https://" * 12,
    "brackets": "[" * 100, "password": "password=" * 11,  # pragma: allowlist secret
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_time_grows_with_the_text_only(text: str) -> None:
    for kind, config in KINDS:
        began = time.thread_time()
        verdict = checked(kind, text * 1000, config)
        redacted(text * 1000, verdict.matches)
        assert time.thread_time() - began < 5, f"{kind.name}: linear work takes a fraction of this, other work for ever"


def test_a_megabyte_is_checked_in_seconds() -> None:
    text = "DE89 é " * 140_000
    for kind, config in KINDS:
        began = time.thread_time()
        checked(kind, text, config)
        assert time.thread_time() - began < 20, kind.name


def test_what_is_too_long_to_be_checked_does_not_pass() -> None:
    verdict = checked(Secrets(), "a" * 1_000_001, {})
    assert (verdict.tripped, verdict.failed) == (True, True)

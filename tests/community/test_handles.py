"""Handles are readable, valid, and never a word that routes need."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from community import handles
from community.models.people import handle_validator


@pytest.mark.parametrize(
    ("name", "email", "expected"),
    [
        ("Alice Ärger", "x@example.com", "alice-arger"),
        ("", "bob.builder+news@example.com", "bob-builder"),
        ("李", "li_wei@example.com", "li-wei"),
        ("李", "李@example.com", "person"),
        ("  --  ", "--@example.com", "person"),
        ("A" * 100, "", "a" * 31),
    ],
)
def test_the_best_handle_comes_from_the_name_else_from_the_address(name: str, email: str, expected: str) -> None:
    assert next(handles.candidates(name, email)) == expected


def test_a_reserved_word_gets_a_suffix() -> None:
    first = next(handles.candidates("Admin", "admin@example.com"))
    assert first.startswith("admin-")
    handles.check_not_reserved(first)


def test_it_refuses_a_reserved_handle_in_any_case() -> None:
    with pytest.raises(ValidationError):
        handles.check_not_reserved("Me")


@given(name=st.text(max_size=200), email=st.text(max_size=100))
def test_every_candidate_is_a_valid_handle(name: str, email: str) -> None:
    tried = list(handles.candidates(name, email))
    assert len(set(tried)) >= 4
    for handle in tried:
        handle_validator(handle)
        handles.check_not_reserved(handle)
        assert len(handle) <= handles.MAX_LENGTH

"""The frame of every page."""

import re

import pytest
from django.test import Client

from tests.cast import Cast


def test_the_style_guide_shows_every_part(cast: Cast) -> None:
    response = cast.alice.browser().get("/styleguide/")
    assert response.status_code == 200
    page = response.content.decode()
    for part in (
        'class="pill"',
        'class="mark ',
        'class="step"',
        'class="empty"',
        'class="notice"',
        "<dialog",
        'class="pager"',
    ):
        assert part in page


@pytest.mark.django_db
def test_a_visitor_is_sent_to_sign_in(client: Client) -> None:
    response = client.get("/styleguide/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_the_frame_names_the_workspace_and_the_person(cast: Cast) -> None:
    page = cast.bob.browser().get("/styleguide/").content.decode()
    assert "Alice" in page
    assert cast.bob.user.email in page
    assert page.count('aria-current="true"') >= 1  # the workspace one is in, in the switcher


def test_the_chosen_theme_is_in_the_first_byte(cast: Cast) -> None:
    browser = cast.alice.browser()
    browser.cookies["theme"] = "dark"
    page = browser.get("/styleguide/").content.decode()
    assert 'data-theme="troupe-dark"' in page
    browser.cookies["theme"] = '"><script>'
    assert 'data-theme-choice="system"' in browser.get("/styleguide/").content.decode()


def test_a_page_holds_no_inline_script_and_no_inline_style(cast: Cast) -> None:
    page = cast.alice.browser().get("/styleguide/").content.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_sign_in_pages_carry_our_frame(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    assert "app.css" in page
    assert 'class="form mt-6"' in page


def test_an_unknown_address_is_a_page_with_the_way_back(cast: Cast) -> None:
    response = cast.alice.browser().get("/nothing/")
    assert response.status_code == 404
    assert 'href="/"' in response.content.decode()
    assert response["X-Request-ID"] in response.content.decode()


def test_the_admin_tells_somebody_who_is_no_staff_why_it_stays_closed(cast: Cast) -> None:
    response = cast.alice.browser().get("/admin/", follow=True)
    assert response.status_code == 403
    page = response.content.decode()
    assert "This part is for staff" in page
    assert cast.alice.user.email in page


@pytest.mark.django_db
def test_the_explorer_of_the_api_has_no_inline_style(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    assert "explorer.css" in page
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=", page)

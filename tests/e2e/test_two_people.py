"""The proof: two people in two browsers invite each other, see it live, and meet the limits of their roles."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.benchmarks.stack import Person, Stack
from tests.e2e.conftest import sign_in, window

PRO = """
from billing.models import CreditAccount, Plan
CreditAccount.objects.filter(workspace_id="{workspace}").update(plan=Plan.objects.get(slug="pro"))
"""


@pytest.fixture
def mails(stack: Stack) -> Path:
    return Path(urlsplit(stack.environment["EMAIL_URL"]).path)


@pytest.fixture
def mailing(stack: Stack) -> Iterator[None]:
    """The worker that tells people things."""
    stack.start("worker-cpu")
    yield
    stack.children.pop("worker-cpu").stop()


@contextmanager
def windows(browser: Browser, stack: Stack, *people: Person) -> Iterator[list[Page]]:
    """One browser for each, signed in. A window that complains fails the test."""
    with ExitStack() as cleanup:
        opened = []
        for person in people:
            made = window(browser, stack, storage_state=sign_in(browser, stack, person.email))
            opened.append(next(made))
            cleanup.callback(lambda made=made: next(made, None))
        yield opened


def workspace_of(person: Person) -> str:
    return str(person.request("GET", "/users/me/", expect=200).json()["current_workspace_id"])


def link_mailed(page: Page, mails: Path, to: str) -> str:
    """Where the invitation leads that the worker mails to this address."""
    until = time.monotonic() + 60
    while not (links := links_to(mails, to)):
        assert time.monotonic() < until, "no invitation was mailed"
        page.wait_for_timeout(50)
    return links[-1]


def links_to(mails: Path, to: str) -> list[str]:
    texts = [path.read_text() for path in sorted(mails.iterdir(), key=lambda path: path.stat().st_mtime)]
    found = [re.search(r"http://[^/\s]+(/invitations/[^/\s]+/)\s", text) for text in texts if f"To: {to}" in text]
    return [match[1] for match in found if match]


def bell(page: Page) -> Any:
    return page.locator('.bell:visible [data-live-badge="notifications"]').first


def faces(page: Page) -> Any:
    return page.get_by_role("group", name="Also looking at this page").get_by_role("img")


def test_two_people_invite_each_other_and_meet_the_limits_of_their_roles(
    stack: Stack, browser: Browser, mails: Path, mailing: None
) -> None:
    anna, ben = stack.register("Anna"), stack.register("Ben")
    office = workspace_of(anna)
    stack.manage("shell", "-c", PRO.format(workspace=office))
    agent_id = anna.create("/agents/", {"name": "Porter"})["id"]
    with windows(browser, stack, anna, ben) as (annas, bens):
        bens.goto("/")
        annas.goto("/workspace/members/")
        annas.get_by_label("E-mail", exact=True).fill(ben.email)
        annas.get_by_label("Role", exact=True).select_option("viewer")
        annas.get_by_role("button", name="Send the invitation").click()
        expect(annas.locator("#members")).to_contain_text(ben.email)
        expect(bell(bens)).to_have_text("1")  # at once, without a reload

        bens.goto(link_mailed(bens, mails, ben.email))
        bens.get_by_role("button", name="Accept the invitation").click()
        expect(bens.get_by_text("Welcome to Anna")).to_be_visible()
        expect(annas.get_by_label("Role of Ben")).to_have_value("viewer")
        expect(bell(annas)).to_have_text("1")

        page = f"/agents/{agent_id}/"
        for browsing in (annas, bens):
            browsing.goto(page)
        expect(faces(annas)).to_have_attribute("aria-label", "Ben")
        expect(faces(bens)).to_have_attribute("aria-label", "Anna")

        name = bens.get_by_label("Name", exact=True)
        expect(bens.get_by_text("Changing it needs the role editor")).to_be_visible()
        expect(name).to_be_disabled()
        bens.goto("/agents/")
        expect(bens.get_by_role("link", name="Porter").first).to_be_visible()
        expect(bens.get_by_role("link", name="New agent")).to_have_count(0)
        refused = ben.request("PATCH", page, {"name": "Ben's"}, expect=403).json()
        assert refused["code"] == "forbidden"
        ben.request("POST", f"/workspaces/{office}/invitations/", {"email": "x@example.com"}, expect=403)

        annas.goto("/workspace/members/")
        annas.get_by_label("Role of Ben").select_option("editor")
        annas.get_by_role("button", name="Save").click()  # the one that appears
        expect(bens.get_by_text("Your role in Anna is now: Editor").first).to_be_visible()

        bens.goto(page)
        name.fill("Night porter")
        expect(bens.locator("form[data-autosave-state=saved]")).to_be_visible()
        assert anna.request("GET", page, expect=200).json()["name"] == "Night porter"

"""The browser tests' stack: real PostgreSQL, Valkey, web, worker and local model as processes, one for the whole folder.

``tests/conftest.py`` keeps this folder on one worker of xdist. The fixtures' scope is the package, not the session:
Playwright occupies its thread's event loop for as long as it runs.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from config.env import BASE_DIR
from deploy.stack import model
from deploy.testing import chromium
from tests.benchmarks.stack import PASSWORD, Child, Stack
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI

PATIENCE = 60_000  # milliseconds: where all is well nobody waits so long, however busy the machine is
expect.set_options(timeout=PATIENCE)
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Pixels come out alike on every machine: no hinting by the system, no subpixels, one colour profile.
BROWSER = ["--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("model")
    service, url = model.service(directory=BASE_DIR, marker=directory / "ready", log=directory / "model.log")
    with ExitStack() as cleanup:
        local_model = Child(replace(service, before=None)).spawn()
        cleanup.callback(local_model.stop)
        mail = f"file://{tmp_path_factory.mktemp('mail')}"
        around = {
            "LOCAL_MODEL_URL": url,
            "EMAIL_URL": mail,
            "OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
        }  # where the fakes are
        running = cleanup.enter_context(Stack(environment=around))
        running.start("web", "worker-runs")
        local_model.wait_ready()
        yield running


@pytest.fixture(scope="package")
def provider() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="package")
def world(stack: Stack, provider: FakeOpenAI) -> World:
    """Alice, with everything that pages can show of what there is so far."""
    return World.furnish(stack, provider)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=BROWSER)
        yield started
        started.close()


def sign_in(browser: Browser, stack: Stack, email: str) -> Any:
    """What a browser holds once the person of this address has signed in by the form."""
    context = browser.new_context(base_url=stack.base_url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="package")
def alices_cookies(browser: Browser, world: World) -> Any:
    return sign_in(browser, world.stack, world.person.email)


class Watched:
    """A browser's window, and what it complained about: exceptions, errors of the console, breaches of the policy."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.problems: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.problems.append(f"{self.page.url}: {message.text}")


def window(browser: Browser, stack: Stack, **options: Any) -> Iterator[Page]:
    """A window in which nothing may be complained about."""
    context = browser.new_context(
        base_url=stack.base_url, viewport=WIDE, locale="en-GB", timezone_id="UTC", reduced_motion="reduce", **options
    )
    context.set_default_timeout(PATIENCE)
    watched = Watched(context)
    yield watched.page
    context.close()
    assert not watched.problems, "\n".join(watched.problems)


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The window of somebody who is not signed in. A test that makes the console complain fails."""
    yield from window(browser, stack)


@pytest.fixture
def alices_page(browser: Browser, stack: Stack, alices_cookies: Any) -> Iterator[Page]:
    """Alice's window. A test that makes the console complain fails."""
    yield from window(browser, stack, storage_state=alices_cookies)

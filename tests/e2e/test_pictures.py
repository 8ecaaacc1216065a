"""Pages look as they did: reference pictures in two themes and two widths, of somebody who sees always the same.

``UPDATE_PICTURES=1 .venv/bin/python -m pytest tests/e2e/test_pictures.py`` draws them anew; look at the difference in git.
What differs from day to day (times, colours drawn from ids) is hidden, and fonts are drawn a little differently by each
release of Chromium, so a picture may differ by a few pixels in a thousand, but not by a part of the page.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.benchmarks.stack import Stack
from tests.e2e.conftest import PATIENCE, PHONE, WIDE, sign_in
from tests.e2e.world import World
from tests.fakes.openai_wire import FakeOpenAI

PICTURES = Path(__file__).with_name("pictures")
PAGES = {
    "sign-in": "/accounts/login/",
    "agents": "/agents/",
    "chat": "/agents/{agent_id}/chat/{conversation_id}/",
}
CHANGING = "time, .mark { visibility: hidden } time { display: inline-block; width: 5em; overflow: hidden }"
MOST = 0.004  # share of pixels that may differ
# How many pixels differ visibly, by the browser itself; all of them where the sizes differ.
DIFFERENCE = """async ([first, second]) => {
  const pixels = async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(first), await pixels(second)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let different = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    const delta = Math.max(...[0, 1, 2].map((channel) => Math.abs(a.data[i + channel] - b.data[i + channel])));
    if (delta > 24) different += 1;
  }
  return different / (a.width * a.height);
}"""


@pytest.fixture(scope="package")
def petra(browser: Browser, stack: Stack, provider: FakeOpenAI) -> tuple[World, Any]:
    """Somebody whose world no other test touches, and her cookies."""
    world = World.furnish(stack, provider, "Petra")
    return world, sign_in(browser, world.stack, world.person.email)


@pytest.fixture
def page(
    browser: Browser, stack: Stack, petra: tuple[World, Any], theme: Literal["light", "dark"], width: str, name: str
) -> Iterator[Page]:
    context = browser.new_context(
        base_url=stack.base_url, viewport=WIDE if width == "wide" else PHONE, color_scheme=theme, locale="en-GB",
        timezone_id="UTC", reduced_motion="reduce", storage_state=None if name == "sign-in" else petra[1],
        bypass_csp=True,  # for CHANGING and the comparison, which are not the page's own
    )  # fmt: skip
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", ["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_it_looks_as_it_did(page: Page, petra: tuple[World, Any], name: str, theme: str, width: str) -> None:
    world, _cookies = petra
    page.goto(PAGES[name].format(**world.places), wait_until="networkidle")
    page.evaluate("document.fonts.ready.then(() => null)")
    assert page.evaluate("document.documentElement.dataset.theme") == f"troupe-{theme}"
    reference = PICTURES / f"{name}-{theme}-{width}.png"
    if os.environ.get("UPDATE_PICTURES"):
        reference.parent.mkdir(exist_ok=True)
        reference.write_bytes(page.screenshot(animations="disabled", style=CHANGING))
    different = 1.0
    for _ in range(20):  # a page may be drawn later than it is loaded
        picture = page.screenshot(animations="disabled", style=CHANGING)
        shown = [base64.b64encode(each).decode() for each in (reference.read_bytes(), picture)]
        if (different := page.evaluate(DIFFERENCE, shown)) <= MOST:
            break
    assert different <= MOST, f"draw {reference.name} anew if it shall look so (see above)"


@pytest.mark.parametrize(("name", "theme", "width"), [("agents", "light", "wide")])
def test_the_comparison_sees_a_part_that_is_gone(page: Page, name: str, theme: str, width: str) -> None:
    page.goto(PAGES[name], wait_until="networkidle")
    whole = page.screenshot(animations="disabled", style=CHANGING)
    page.locator("#agents").evaluate("(element) => element.remove()")
    without = page.screenshot(animations="disabled", style=CHANGING)
    shown = [base64.b64encode(each).decode() for each in (whole, without)]
    assert page.evaluate(DIFFERENCE, [shown[0], shown[0]]) == 0
    assert page.evaluate(DIFFERENCE, shown) > MOST

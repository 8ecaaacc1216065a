"""How long until the largest thing of a page is shown (LCP), cold, on a slow phone connection. Printed, not judged."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.benchmarks.stack import Stack
from tests.e2e.conftest import PATIENCE, PHONE
from tests.e2e.world import World

# "Slow 4G" of the browser's own tools: 1.6 Mbit/s down, 0.75 up, 150 ms away.
SLOW = {"offline": False, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8, "latency": 150}
LARGEST = """() => new Promise((resolve) => {
  const seen = (list) => list.getEntries().length && resolve(list.getEntries().at(-1).startTime);
  new PerformanceObserver(seen).observe({ type: "largest-contentful-paint", buffered: true });
})"""


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/", "/agents/", "/agents/{agent_id}/chat/{conversation_id}/", "/runs/{run_id}/"]
)
def test_the_largest_paint_is_measured(
    browser: Browser,
    stack: Stack,
    world: World,
    alices_cookies: object,
    record_property: Callable[[str, object], None],
    path: str,
) -> None:
    signed_in = None if path.startswith("/accounts/") else alices_cookies
    context = browser.new_context(base_url=stack.base_url, viewport=PHONE, storage_state=signed_in)  # type: ignore[arg-type]
    context.set_default_timeout(2 * PATIENCE)
    page: Page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    page.goto(path.format(**world.places), wait_until="networkidle")
    milliseconds = page.evaluate(LARGEST)
    context.close()
    record_property("largest contentful paint", f"{milliseconds:5.0f} ms  {path}")
    assert milliseconds > 0

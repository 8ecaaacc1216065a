"""What can be done in a browser: addresses opened, the mouse and the keyboard used, the page read and looked at (Playwright)."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Dialog, Page, Request, Response, Route
from playwright.async_api import Error as BrowserError
from playwright.async_api import TimeoutError as BrowserTimeout

from agent_app.tools.sandbox.browser import hosts
from agent_app.tools.sandbox.queue import SandboxFailed

WIDTH, HEIGHT = 1280, 800
MOST_TEXT = 20_000  # characters of a page that are answered
_BRIEF = 3_000
_LOAD = 20_000  # milliseconds for an address to answer with a page
_SETTLE = 3_000  # for what an action has begun
_MOVED = 150  # until what an action begins has begun
_MOST_ELEMENTS = 150
_MOST_NOTES = 5
_TRIES = 3  # to open an address
_INTERRUPTED = "interrupted by another navigation"

# What can be used in the visible part of the page, with the middle of each: for models that cannot see.
_ELEMENTS = """(most) => {
  const found = [];
  const asked = 'a[href], button, input, textarea, select, summary, [role=button], [role=link], [contenteditable=true]';
  for (const element of document.querySelectorAll(asked)) {
    const box = element.getBoundingClientRect();
    const x = Math.round(box.x + box.width / 2), y = Math.round(box.y + box.height / 2);
    if (!box.width || !box.height || x < 0 || y < 0 || x > innerWidth || y > innerHeight) continue;
    const secret = element.type === 'password';
    const said = element.innerText || element.getAttribute('aria-label') || element.placeholder || element.name || '';
    const one = {kind: element.type || element.tagName.toLowerCase(), text: String(said).trim().slice(0, 120), x, y};
    if (element.value && !secret && element.tagName !== 'BUTTON') one.value = String(element.value).slice(0, 120);
    if (element.href) one.href = String(element.href).slice(0, 300);
    if (found.push(one) === most) break;
  }
  return found;
}"""
_TEXT = "(most) => (document.body ? document.body.innerText : '').slice(0, most + 1)"


class Pages:
    """The one page of a browser; what opens beside it is closed, and said. ``refused``: what the proxy did not let through.

    Where ``allowed`` names paths, pages elsewhere on these hosts are not opened: what asks for one is stopped, and whatever is led
    there by the server is left at once.
    """

    def __init__(
        self, context: BrowserContext, page: Page, refused: Callable[[], list[str]], allowed: Sequence[str] = ()
    ) -> None:
        self._page = page
        self._refused = refused
        self._allowed = allowed
        self._astray = ""  # where the server has led a page that may not be there
        self._notes: list[str] = []
        self._actions: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "open": self._open, "click": self._click, "type": self._type, "key": self._key, "scroll": self._scroll,
            "read": self._read, "screenshot": self._screenshot,
        }  # fmt: skip
        context.on("page", self._beside)
        page.on("dialog", self._dialog)
        page.on("download", lambda download: self._note(f"a download was refused: {download.url[:300]}"))

    async def do(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Raises SandboxFailed for what did not work."""
        try:
            if action != "open":
                await self._stay()  # it may have been led away since
            told = await self._actions[action](arguments)
            await self._stay()
            if not self._of_the_web():
                await self._page.goto("about:blank")
                raise SandboxFailed("Only pages of the web can be looked at.", code="address_refused")
        except BrowserTimeout as error:
            raise SandboxFailed(_first_line(error), code="timeout") from error
        except BrowserError as error:
            raise SandboxFailed(" ".join([_first_line(error), *self._taken()]), code="browser") from error
        notes = self._taken()
        return {**told, **({"notes": notes} if notes else {})}

    # Actions

    async def _open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        url, self._astray = str(arguments["url"]), ""
        if urlsplit(url).scheme not in ("http", "https"):
            raise SandboxFailed("Only pages of the web can be looked at.", code="address_refused")
        response = await self._gone_to(url)
        await self._settled(0)
        status = {"status": response.status} if response is not None else {}
        return {**await self._state(), **status, **await self._said(_BRIEF)}

    async def _gone_to(self, url: str) -> Response | None:
        """What was answered there. What the page before has begun may interrupt it, and be interrupted by the next try."""
        for _try in range(_TRIES - 1):
            try:
                return await self._page.goto(url, wait_until="domcontentloaded", timeout=_LOAD)
            except BrowserError as error:
                if _INTERRUPTED not in str(error):
                    raise
                await self._settled(_MOVED)
        return await self._page.goto(url, wait_until="domcontentloaded", timeout=_LOAD)

    async def _click(self, arguments: dict[str, Any]) -> dict[str, Any]:
        x, y = float(arguments["x"]), float(arguments["y"])
        count = 2 if arguments.get("double") else 1
        await self._page.mouse.click(x, y, button=arguments.get("button", "left"), click_count=count)
        return await self._after()

    async def _type(self, arguments: dict[str, Any]) -> dict[str, Any]:
        await self._page.keyboard.type(str(arguments["text"]))
        if arguments.get("submit"):
            await self._page.keyboard.press("Enter")
        return await self._after()

    async def _key(self, arguments: dict[str, Any]) -> dict[str, Any]:
        await self._page.keyboard.press(str(arguments["keys"]))
        return await self._after()

    async def _scroll(self, arguments: dict[str, Any]) -> dict[str, Any]:
        await self._page.mouse.wheel(float(arguments.get("dx", 0)), float(arguments.get("dy", 0)))
        return await self._after()

    async def _read(self, arguments: dict[str, Any]) -> dict[str, Any]:
        elements = await self._page.evaluate(_ELEMENTS, _MOST_ELEMENTS)
        return {**await self._state(), **await self._said(MOST_TEXT), "elements": elements}

    async def _screenshot(self, arguments: dict[str, Any]) -> dict[str, Any]:
        picture = await self._page.screenshot(type="jpeg", quality=75, scale="css", animations="disabled")
        return {**await self._state(), "picture": base64.b64encode(picture).decode()}

    # What they share

    async def _after(self) -> dict[str, Any]:
        await self._settled(_MOVED)
        return await self._state()

    async def _settled(self, moved: int) -> None:
        """Wait for the page that an action may have begun to load; one that never ends to is left at it."""
        await self._page.wait_for_timeout(moved)
        with suppress(BrowserTimeout):
            await self._page.wait_for_load_state("load", timeout=_SETTLE)

    async def _state(self) -> dict[str, Any]:
        return {"url": self._page.url[:2000], "title": (await self._page.title())[:300]}

    async def _said(self, most: int) -> dict[str, Any]:
        text = str(await self._page.evaluate(_TEXT, most))
        return {"text": text[:most], **({"cut": True} if len(text) > most else {})}

    def _of_the_web(self) -> bool:
        return urlsplit(self._page.url).scheme in ("http", "https", "about", "chrome-error")

    # What pages do by themselves

    async def keep_to_paths(self) -> None:
        """Before a page is opened."""
        if hosts.has_paths(self._allowed):
            await self._page.route("**/*", self._route)
            self._page.on("request", self._led)

    async def _route(self, route: Route) -> None:
        request = route.request
        if not request.is_navigation_request() or self._may(request.url):
            await route.continue_()
            return
        self._note(f"Refused: {request.url[:300]} is not where this browser may go.")
        await route.abort("blockedbyclient")

    async def _stay(self) -> None:
        """Leave a page that may not be there."""
        if self._astray:
            where, self._astray = self._astray, ""
            await self._page.goto("about:blank")
            text = f"The site led to {where[:300]}, where this browser may not go, so the page was left."
            raise SandboxFailed(text, code="address_refused")

    def _led(self, request: Request) -> None:
        """Redirects come by no route."""
        if request.redirected_from is not None and request.is_navigation_request() and not self._may(request.url):
            self._astray = request.url

    def _may(self, url: str) -> bool:
        return urlsplit(url).scheme not in ("http", "https") or hosts.covers(self._allowed, url)

    async def _beside(self, page: Page) -> None:
        if page is self._page:
            return
        with suppress(BrowserError):
            await page.wait_for_load_state("domcontentloaded", timeout=_SETTLE / 3)  # until it has an address
        self._note(f"the page wanted to open a window, which was closed: {page.url[:300]}")
        with suppress(BrowserError):
            await page.close()

    async def _dialog(self, dialog: Dialog) -> None:
        self._note(f"the page asked: {dialog.message[:300]} It was dismissed.")
        with suppress(BrowserError):
            await dialog.dismiss()

    def _note(self, text: str) -> None:
        if len(self._notes) < _MOST_NOTES:
            self._notes.append(text)

    def _taken(self) -> list[str]:
        told, self._notes = [*self._notes, *(f"Refused: {each}." for each in self._refused()[:_MOST_NOTES])], []
        return told


def _first_line(error: Exception) -> str:
    """What Playwright says, without its log."""
    text = str(error).split("\n")[0].removeprefix("Page.").strip()[:300]
    return text if text.endswith(".") else f"{text}."

"""What a page cuts off at the right: the frame hides it, so that the page is not too wide and yet nobody can read it."""

from playwright.sync_api import Page

# Of what sticks out: not what lies in a box that scrolls sideways, and no line that ends in an ellipsis.
_OUTSIDE = """() => {
  const excused = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      const { overflowX, textOverflow, position } = getComputedStyle(box);
      if (position === "fixed" || textOverflow === "ellipsis" || box.tagName === "svg") return true;
      if (["auto", "scroll"].includes(overflowX) && box.matches("[tabindex], nav, textarea")) return true;
    }
    return false;
  };
  return [...document.querySelectorAll("main *")]
    .filter((element) => element.getClientRects().length && element.getBoundingClientRect().right > innerWidth + 1)
    .filter((element) => !element.closest(".sr-only") && getComputedStyle(element).position !== "fixed" && !excused(element))
    .map((element) => `<${element.tagName.toLowerCase()}> ${element.textContent.trim().slice(0, 40)}`);
}"""


def cut_off(page: Page) -> list[str]:
    """The first of what cannot be read."""
    found: list[str] = page.evaluate(_OUTSIDE)
    return found[:3]

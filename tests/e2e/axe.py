"""axe-core in a page: what stands between it and people who cannot see, or cannot use a mouse."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from config.env import BASE_DIR

SOURCE = Path(BASE_DIR, "node_modules", "axe-core", "axe.min.js")
GRAVE = {"serious", "critical"}
# By the browser's own tool: the page's content security policy would refuse a script that is not the page's.
RUN = "axe.run(document, {resultTypes: ['violations'], %s}).then(found => found.violations)"
ALL_RULES = "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
COLOURS = "runOnly: ['color-contrast']"
THEME = "document.documentElement.dataset.theme = 'troupe-%s'"


def barriers(page: Page) -> list[str]:
    """What is serious or worse: by all rules in the light theme, by the rules of colour in the dark one."""
    session = page.context.new_cdp_session(page)

    def evaluate(expression: str) -> Any:
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "awaitPromise": True,
                "returnByValue": True,
                "allowUnsafeEvalBlockedByCSP": True,
            },
        )
        if problem := answer.get("exceptionDetails"):
            raise RuntimeError(str(problem))
        return answer["result"].get("value")

    evaluate(SOURCE.read_text() + ";null")
    evaluate(THEME % "light")
    found = [f"light {each}" for each in _told(evaluate(RUN % ALL_RULES))]
    evaluate(THEME % "dark")
    found += [f"dark {each}" for each in _told(evaluate(RUN % COLOURS))]
    session.detach()
    return found


def _told(violations: list[Any]) -> list[str]:
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]

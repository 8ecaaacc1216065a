"""The page on which a function is written: it says what the sandbox has and lacks, and shows errors at the code."""

import pytest

from agent_app.models import Tool
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_the_page_says_what_the_sandbox_lacks_and_refuses_with_the_line(cast: Cast) -> None:
    path = "/tools/new/?type=function"
    browser = cast.bob.browser()
    page = browser.get(path).content.decode()
    assert "yield" in page
    assert "64 MB" in page
    refused = browser.post(path, {"name": "add", "params.code": "def add(:\n    pass", "enabled": "on"})
    assert "Line 1: " in refused.content.decode()
    assert not Tool.objects.exists()
    good = {"name": "add", "params.code": "def add(a: int):\n    return a\n", "enabled": "on"}
    assert browser.post(path, good).status_code == 302
    assert Tool.objects.get().params["code"].startswith("def add(a: int):")

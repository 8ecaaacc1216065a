"""The explorer works under the content security policy: it needs nothing from elsewhere and no inline script."""

import re

from django.contrib.staticfiles import finders
from django.test import Client


def test_the_explorer_loads_only_what_is_ours_and_allowed() -> None:
    response = Client().get("/api/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    for tag in re.findall(r"<script\b[^>]*>", page):
        assert "src=" in tag, f"an inline script: {tag}"
    assert "<style" not in page
    assert not re.search(r"\sstyle=", page)
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/").partition("?")[0]), address
        elif address.startswith("/api/"):
            assert Client().get(address).status_code == 200


def test_the_schema_is_served_to_everybody_in_both_forms() -> None:
    for path in ("/api/schema/", "/api/schema"):
        assert Client().get(path).status_code == 200

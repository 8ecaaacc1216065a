"""People recognise their devices by what browsers say of themselves."""

import pytest

from community import devices


@pytest.mark.parametrize(
    ("agent", "words", "icon"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux", "monitor"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140 Safari/537 Edg/140", "Edge on Windows", "monitor"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140 Mobile Safari/537",
            "Chrome on Android",
            "smartphone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Version/18 Safari/605", "Safari on macOS", "monitor"),
        ("curl/8.5.0", "curl", "terminal"),
        ("", "Unknown device", "terminal"),
        ("<script>alert(1)</script>", "Unknown device", "terminal"),
    ],
)
def test_a_browser_is_described(agent: str, words: str, icon: str) -> None:
    assert devices.describe(agent) == devices.Device(words, icon)


@pytest.mark.parametrize(
    ("text", "address"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("unknown", None), ("", None), (None, None)]
)
def test_only_an_address_is_one(text: str | None, address: str | None) -> None:
    assert devices.address(text) == address

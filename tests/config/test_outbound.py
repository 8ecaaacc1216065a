"""Nobody reaches this machine or its network through an address they typed."""

import ipaddress

import pytest
from django.conf import LazySettings

from config.lib.errors import InvalidInput
from config.lib.outbound import AddressRefused, GuardedResolver, allowed, check_url

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1", "192.0.2.1",
    "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "::7f00:1", "fec0::1", "3fff::1", "5f00::1",
    "192.88.99.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_reserved_addresses_are_refused(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address))
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(InvalidInput):
        check_url(f"https://{literal}:8443/v1")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert allowed(ipaddress.ip_address(address))
    check_url(f"https://[{address}]/v1" if ":" in address else f"https://{address}/v1")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com", "//example.com/v1", "example.com/v1", "", "https://",
        "https:///v1", "javascript:alert(1)", "https://user:word@example.com/", "https://user@example.com/",
        "https://:word@example.com/", "https://example.com:notaport/", "https://example.com:70000/", "https://[::1/",
        "http://localhost/", "http://LOCALHOST:8000/",
    ],
)  # fmt: skip
def test_urls_that_could_never_be_used_are_refused_when_typed(url: str) -> None:
    with pytest.raises(InvalidInput):
        check_url(url)


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://example.com:8080/x?y=z", "HTTPS://Example.com"])
def test_ordinary_urls_pass(url: str) -> None:
    check_url(url)


def test_loopback_is_allowed_only_where_the_operator_says_so() -> None:
    for url in ("http://127.0.0.1:9/v1", "http://[::1]/v1", "http://localhost/v1"):
        check_url(url, allow_loopback=True)
    with pytest.raises(InvalidInput):
        check_url("http://169.254.169.254/", allow_loopback=True)


def test_the_operators_list_opens_a_host_and_no_other(settings: LazySettings) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = ["10.0.0.5"]
    check_url("http://10.0.0.5/v1")
    with pytest.raises(InvalidInput):
        check_url("http://10.0.0.6/v1")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0177.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "::1", "::ffff:127.0.0.1"]
)
async def test_names_that_lead_here_are_refused_by_the_connection(host: str) -> None:
    resolver = GuardedResolver()
    with pytest.raises(AddressRefused):
        await resolver.resolve(host, 80)
    await resolver.close()


async def test_the_resolver_obeys_the_operators_list_and_loopback(settings: LazySettings) -> None:
    assert await GuardedResolver(allow_loopback=True).resolve("localhost", 80)
    with pytest.raises(AddressRefused):
        await GuardedResolver(allow_loopback=True).resolve("10.0.0.5", 80)
    settings.OUTBOUND_ALLOWED_HOSTS = ["10.0.0.5"]
    assert (await GuardedResolver().resolve("10.0.0.5", 80))[0]["host"] == "10.0.0.5"

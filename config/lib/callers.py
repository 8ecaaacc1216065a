"""Where a request comes from, and whom that stands for when requests are counted."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_NETWORK = 56  # what a provider gives to one home or office


def client_ip(request: HttpRequest) -> str:
    """The caller's address: the last one that no trusted proxy of ours added to ``X-Forwarded-For``."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return _plain(forwarded[-proxies])
    return _plain(str(request.META.get("REMOTE_ADDR", "")))


def network(address: str) -> str:
    """Whose ``address`` it is: of IPv6 the network around it, since one caller may have billions of addresses there."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(ipaddress.ip_network((int(parsed), IPV6_NETWORK), strict=False).network_address)


def _plain(address: str) -> str:
    """A socket that takes both kinds writes IPv4 callers as IPv6, all of them in one network: as they are."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped) if mapped else address

"""The guard of every outbound request whose address a user can shape.

A name is resolved once, by the connection itself, and only public addresses are connected to: nothing can change between
the check and the use (DNS rebinding), and a number written oddly (octal, one integer, IPv4 inside IPv6) ends as the
address it means. Redirects are not followed by whoever uses this. The socket itself is the last gate, for whatever was not
thought of: it is made for public addresses only.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.conf import settings
from django.utils.translation import gettext as _
from yarl import URL

from config.lib.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]  # as of socket.getaddrinfo


class AddressRefused(OSError):
    """The name leads to an address that users may not reach from here."""


# What Python calls global, and no server of the internet has: they mean this machine, this network, or nobody.
_NOBODYS = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4 within IPv6, as it was written once
        "64:ff9b:1::/48",  # NAT64 of a network of one's own
        "3fff::/20",  # for documents
        "5f00::/16",  # segments of a route
        "fec0::/10",  # a site's own
    )
)


def _embedded(address: Address) -> list[Address]:
    """``address`` and every IPv4 address that an IPv6 one stands for."""
    found: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())):
            if inner is not None:
                found.append(inner)
        if address in ipaddress.ip_network("64:ff9b::/96"):  # NAT64
            found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def allowed(address: Address, *, allow_loopback: bool = False) -> bool:
    """Whether an outbound request may go to ``address``."""
    if allow_loopback and address.is_loopback:
        return True
    return all(
        each.is_global and not each.is_multicast and not any(each in network for network in _NOBODYS)
        for each in _embedded(address)
    )


def check_url(url: str, *, allow_loopback: bool = False) -> None:
    """Refuse, with the reason, an address that could never be used: another scheme, credentials, a literal private address."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
        reached = URL(url)  # as the client reads it: digits of other scripts are digits there
    except ValueError as error:
        raise InvalidInput(_("This is not a valid URL.")) from error
    if parts.scheme not in {"http", "https"} or not host or not reached.raw_host:
        raise InvalidInput(_("The URL must begin with https:// or http:// and name a host."))
    if parts.username or parts.password or reached.user or reached.password:
        raise InvalidInput(_("The URL must not contain a user name or password."))
    for each in dict.fromkeys([host, reached.raw_host]):
        _check_host(each, allow_loopback=allow_loopback)


def _check_host(host: str, *, allow_loopback: bool) -> None:
    if host in settings.OUTBOUND_ALLOWED_HOSTS:
        return
    if host == "localhost" and not allow_loopback:
        raise InvalidInput(_("Addresses of this machine cannot be used here."))
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not allowed(address, allow_loopback=allow_loopback):
        raise InvalidInput(_("Private and reserved addresses cannot be used here."))


class GuardedResolver(AbstractResolver):
    """aiohttp's resolver, refusing every name that leads to an address that is not allowed."""

    def __init__(self, *, allow_loopback: bool = False) -> None:
        self._inner = ThreadedResolver()
        self._allow_loopback = allow_loopback
        self._opened: set[str] = set()  # addresses of hosts that the operator allows

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        if host in settings.OUTBOUND_ALLOWED_HOSTS:
            self._opened.update(result["host"] for result in results)
            return results
        for result in results:
            if not allowed(ipaddress.ip_address(result["host"].split("%")[0]), allow_loopback=self._allow_loopback):
                raise AddressRefused(_("%(host)s leads to a private or reserved address.") % {"host": host})
        return results

    def new_socket(self, info: AddrInfo) -> socket.socket:
        """The socket for an address that is about to be connected to, however it was come by."""
        family, kind, proto, _name, (host, *_more) = info
        if host not in self._opened and host not in settings.OUTBOUND_ALLOWED_HOSTS:
            address = ipaddress.ip_address(str(host).split("%")[0])
            if not allowed(address, allow_loopback=self._allow_loopback):
                raise AddressRefused(f"{host} is a private or reserved address.")
        return socket.socket(family=family, type=kind, proto=proto)

    async def close(self) -> None:
        await self._inner.close()


def connector_options(*, allow_loopback: bool = False) -> dict[str, Any]:
    """What an ``aiohttp.TCPConnector`` needs to be guarded. Call ``check_url`` first: literal addresses are not resolved."""
    resolver = GuardedResolver(allow_loopback=allow_loopback)
    return {"resolver": resolver, "socket_factory": resolver.new_socket, "family": socket.AF_UNSPEC}

"""Asking web servers, and nobody else."""

import http.client
from collections.abc import Iterable
from email.message import Message
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

MOST_READ = 5 * 1024 * 1024  # bytes of an answer


def address(url: str, more: Iterable[tuple[str, str]] = ()) -> str:
    """An address as it is sent, with ``more`` in its query. Only the web can be asked: a model may have chosen it."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("Only addresses that begin with http:// or https:// can be asked.")
    query = "&".join(filter(None, [parts.query, urlencode(list(more))]))
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    plain = urlunsplit(parts._replace(netloc=host, query=query, fragment=""))
    return quote(plain, safe="%/:=&?~#+!$,;'@()*[]")


class Redirects(HTTPRedirectHandler):
    """What was meant for one host is not told another."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        made = super().redirect_request(req, fp, code, msg, headers, address(newurl))
        if made is not None and urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            made.headers = {name: value for name, value in made.headers.items() if name.lower() == "accept"}
        return made


def ask(request: Request, timeout: float = 60) -> tuple[int, Message, bytes]:
    """Status, headers and body of the answer."""
    request.full_url = address(request.full_url)
    try:
        answer: Any = build_opener(Redirects).open(request, timeout=timeout)
    except HTTPError as error:  # an answer too
        answer = error
    with answer:
        body = answer.read(MOST_READ + 1)
    if len(body) > MOST_READ:
        raise ValueError("The answer is too long.")
    return answer.status, answer.headers, body

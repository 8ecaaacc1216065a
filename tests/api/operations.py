"""Every operation of the API's schema is answered well by some test, or the whole suite fails and names it.

A plugin of pytest, registered by ``tests/conftest.py``. Requests of Django's test clients are noted in each process; those of
xdist's workers travel to the process that controls them, which judges at the end, if the whole suite was run. A refusal
does not count: walking all addresses as a stranger would call everything.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import pytest
from django.test import AsyncClient, Client

METHODS: Final = ("get", "post", "put", "patch", "delete")


class Operation(NamedTuple):
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


# Operations that no test of this process can have answered, with the reason.
ELSEWHERE: dict[Operation, str] = {}

_answered: set[Operation] = set()


def operations(schema: dict[str, Any]) -> list[Operation]:
    return [
        Operation(method.upper(), path) for path, methods in schema["paths"].items() for method in methods if method in METHODS
    ]  # fmt: skip


def missing(schema: dict[str, Any], answered: Iterable[Operation]) -> list[Operation]:
    """The schema's operations that are not among the requests ``answered``, whose paths are real ones."""
    known = operations(schema)
    # A literal path before one with a parameter in its place.
    patterns = [(_pattern(each.path), each) for each in sorted(known, key=lambda each: each.path.count("{"))]
    called = {
        next((each for pattern, each in patterns if each.method == request.method and pattern.fullmatch(request.path)), None)
        for request in answered
    }  # fmt: skip
    return [each for each in known if each not in called]


def _pattern(path: str) -> re.Pattern[str]:
    literal = re.escape(path.rstrip("/")).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(re.sub(r"{\w+}", "[^/]+", literal) + "/?")


# Hooks


def _noting(client: type[Any]) -> Any:
    """Note what ``client`` asks and what is answered well; answers the method as it was."""
    usual = client.request

    def note(asked: dict[str, Any], status: int) -> None:
        if status < 400:
            path = asked.get("PATH_INFO") or asked.get("path", "")
            _answered.add(Operation(str(asked.get("REQUEST_METHOD") or asked.get("method", "")), str(path)))

    if client is AsyncClient:

        @functools.wraps(usual)
        async def ask_on_loop(self: Any, **request: Any) -> Any:
            response = await usual(self, **request)
            note(request, response.status_code)
            return response

        client.request = ask_on_loop  # type: ignore[method-assign,assignment]
    else:

        @functools.wraps(usual)
        def ask(self: Any, **request: Any) -> Any:
            response = usual(self, **request)
            note(request, response.status_code)
            return response

        client.request = ask  # type: ignore[method-assign]
    return usual


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    usual = {client: _noting(client) for client in (Client, AsyncClient)}
    result = yield
    for client, method in usual.items():
        client.request = method
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["operations"] = sorted(map(tuple, _answered))
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    _answered.update(Operation(*each) for each in getattr(node, "workeroutput", {}).get("operations", []))


def _whole_suite(config: pytest.Config) -> bool:
    chosen = config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput") or not _whole_suite(config) or session.exitstatus:
        return
    if untested := [each for each in missing(_schema(), _answered) if each not in ELSEWHERE]:
        config.stash[_UNTESTED] = untested
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_UNTESTED = pytest.StashKey[list[Operation]]()


def _schema() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415  (loads the URLconf)

    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: Any) -> None:
    if untested := terminalreporter.config.stash.get(_UNTESTED, []):
        terminalreporter.section("operations of the schema that no test has answered", red=True)
        terminalreporter.write_line("\n".join(map(str, untested)))

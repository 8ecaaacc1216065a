"""Attacks from inside of a function's code: it can do nothing but compute, and not for long."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import psutil
import pytest
from pydantic_monty import MontyError

from agent_app.tools.sandbox import python, source
from agent_app.tools.sandbox.python import Called, CodeFailed

T = TypeVar("T")


def on_loop(work: Coroutine[Any, Any, T]) -> T:
    """On a loop of its own, whose sandbox processes end with it."""

    async def whole() -> T:
        try:
            return await work
        finally:
            await python.close()

    return asyncio.run(whole())


async def call(code: str, **arguments: Any) -> Called:
    return await python.call(code, source.read(code), arguments, timeout_s=60)


def failure(code: str, **arguments: Any) -> CodeFailed:
    with pytest.raises(CodeFailed) as failed:
        on_loop(call(code, **arguments))
    return failed.value


def test_a_call_has_a_result() -> None:
    called = on_loop(call("def add(a: int, b: int = 2) -> int:\n    print('adding')\n    return a + b", a=40))
    assert (called.value, called.printed, called.cut) == (42, "adding\n", False)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("async def f():\n    return 1", 1),
        ("def f():\n    return {'a': [1, 2.5, None, True, 'é😀']}", {"a": [1, 2.5, None, True, "é😀"]}),
        ("import datetime\ndef f():\n    return str(datetime.date(2026, 1, 2))", "2026-01-02"),
        ("def f(x=3):\n    match x:\n        case 3:\n            return 'three'", "three"),
        ("def f():\n    return (1, 2)", [1, 2]),
        ("def f():\n    return 2 ** 70", 2**70),
        ("def f():\n    pass", None),
        ("_X = 3\ndef _half(x):\n    return x / 2\ndef f():\n    return _half(_X)", 1.5),
        ("def f():\n    return 1  # a comment at the end", 1),
        ("def f():\n    return 1\n# \\", 1),
        ("def str(x=1):\n    return x", 1),
        ("def f(**more):\n    return more", {}),
    ],
)
def test_what_can_be_answered(code: str, value: object) -> None:
    assert on_loop(call(code)).value == value


def test_nothing_stays_from_call_to_call() -> None:
    code = "_seen = []\n\ndef f():\n    _seen.append(1)\n    return len(_seen)"

    async def twice() -> list[Any]:
        return [(await call(code)).value, (await call(code)).value]

    assert on_loop(twice()) == [1, 1]


@pytest.mark.parametrize(
    ("code", "kind", "line"),
    [
        ("def f():\n    x = 0\n    return 1 / x", "error", 3),
        ("def f():\n    return unknown", "error", 2),
        ("def f():\n    while True:\n        pass", "cpu_limit", 0),
        ("while True:\n    pass\n\ndef f():\n    pass", "cpu_limit", 0),
        ("def f():\n    return 'x' * 10 ** 10", "memory", 2),
        ("def f():\n    x = []\n    while True:\n        x.append('x' * 100000 + str(len(x)))", "memory", 0),
        ("def f():\n    x = [0] * 1000\n    x = [x] * 1000\n    return [x] * 1000", "memory", 0),
        ("def f():\n    while True:\n        print('x' * 1000)", "output", 0),
        ("def f(n=0):\n    return f(n + 1)", "error", 2),
        ("def f():\n    x = []\n    x.append(x)\n    return x", "result", 0),
        ("import datetime\ndef f():\n    return datetime.date(2026, 1, 2)", "result", 0),
        ("def f():\n    return {1, 2}", "result", 0),
        ("def f():\n    raise MemoryError('mine')", "error", 2),
        ("def f():\n    raise TimeoutError('mine')", "error", 2),
        ("import time\ndef f():\n    for n in range(9):\n        time.sleep(2.6)", "error", 4),
        ("def f():\n    return float('nan')", "result", 0),
        ("def f():\n    return 10 ** 10 ** 10", "memory", 0),
        ("def f():\n    return sorted(range(10 ** 9))", "memory", 0),
    ],
)
def test_what_goes_wrong_is_told_with_its_line(code: str, kind: str, line: int) -> None:
    failed = failure(code)
    assert failed.code == kind, failed
    if line:
        assert failed.line == line
        assert str(failed).startswith(f"Line {line}: ")


def test_a_result_that_is_too_long_is_cut() -> None:
    called = on_loop(call("def f():\n    return 'x' * 3_000_000"))
    assert called.cut
    assert len(called.value) == python.OUTPUT


@pytest.mark.parametrize(
    "body",
    [
        "return open('/etc/passwd').read()",
        "import os\n    return os.environ['SECRET_KEY']",
        "import os\n    return os.getenv('SECRET_KEY') or 1 / 0",
        "import os\n    return os.system('id')",
        "import os\n    return os.listdir('/proc')",
        "import pathlib\n    return pathlib.Path('/proc/self/environ').read_text()",
        "import pathlib\n    return [str(p) for p in pathlib.Path('/').iterdir()]",
        "return ().__class__.__base__.__subclasses__()",
        "return (lambda: 0).__globals__",
        "return (lambda: 0).__code__.co_code",
        "return __import__('subprocess')",
        "return __builtins__['open']",
        "return globals()['__builtins__']",
        "return eval('__import__(\"os\")')",
        "exec('import socket')",
        "return http_get.__self__",
        "import sys\n    return sys.modules['os']",
        "import sys\n    return sys._getframe()",
        "return type('X', (), {})().__init__.__func__",
        "return '{0.__class__.__mro__}'.format(1)",
    ],
)
def test_there_is_no_way_out(body: str) -> None:
    assert failure(f"def f():\n    {body}").code == "error"


def test_a_process_that_was_killed_is_replaced() -> None:
    async def work() -> tuple[str, Any]:
        await call("def f():\n    return 1")
        busy = asyncio.create_task(call("def f():\n    while True:\n        pass"))
        await asyncio.sleep(0)
        for child in await _workers(busy=True):
            child.kill()
        with pytest.raises(CodeFailed) as failed:
            await busy
        return failed.value.code, (await call("def f():\n    return 2")).value

    assert on_loop(work()) == ("crashed", 2)


def test_a_call_that_is_cancelled_ends() -> None:
    async def work() -> None:
        await call("def f():\n    return 1")
        busy = asyncio.create_task(call("def f():\n    while True:\n        pass"))
        (worker,) = await _workers(busy=True)
        busy.cancel()
        with pytest.raises(asyncio.CancelledError):
            await busy
        gone, _alive = await asyncio.to_thread(psutil.wait_procs, [worker], 60)
        assert gone

    on_loop(work())


async def _workers(*, busy: bool) -> list[psutil.Process]:
    """The sandbox's processes below this one; once one of them computes."""
    while True:
        found = [each for each in psutil.Process().children(recursive=True) if each.name() == "monty"]
        computing = [each for each in found if each.cpu_times().user > 0.2]
        if computing or not busy:
            return computing or found
        await asyncio.sleep(0.02)


def test_host_functions_answer_and_refuse() -> None:
    async def double(x: int) -> int:
        if x > 10:
            raise python.HostRefused("Too large.")
        return 2 * x

    code = "def f(x: int):\n    try:\n        return [double(x), seed['n']]\n    except RuntimeError as error:\n        return str(error)"

    async def work(x: int) -> Any:
        called = await python.call(
            code, source.read(code), {"x": x}, values={"seed": {"n": 7}}, functions={"double": double}
        )
        return called.value

    assert on_loop(work(2)) == [4, 7]
    assert on_loop(work(20)) == "Too large."


def test_a_host_function_that_waits_has_the_calls_time() -> None:
    async def wait() -> None:
        await asyncio.sleep(60)

    code = "def f():\n    return wait()"

    async def work() -> None:
        await python.call(code, source.read(code), {}, functions={"wait": wait}, timeout_s=0.3)

    with pytest.raises(CodeFailed) as failed:
        on_loop(work())
    assert failed.value.code == "timeout"


@pytest.mark.parametrize(
    "code",
    ["def f():\n    yield 1", "def f():\n    del f", "class A(Exception):\n    pass", "class A:\n    @property\n    def a(self): pass",
        "async def f():\n    async with g():\n        pass", "async def f():\n    async for x in g():\n        pass",
     "async def f():\n    return [x async for x in g()]", "try:\n    pass\nexcept* ValueError:\n    pass"],
)  # fmt: skip
def test_what_is_said_to_be_missing_is(code: str) -> None:
    """Where a new interpreter has it, it can be offered."""
    with pytest.raises(source.SourceProblem):
        source.parse(code)

    async def tried() -> None:
        pool = await python._pool()
        async with pool.checkout() as session:
            await session.feed_run(code)

    with pytest.raises(MontyError, match="not yet support"):
        on_loop(tried())


@pytest.mark.parametrize("module", sorted(source.MODULES))
def test_every_module_that_is_said_to_be_there_is(module: str) -> None:
    assert on_loop(call(f"import {module}\ndef f():\n    return 1")).value == 1


def test_many_calls_at_once_wait_for_a_process() -> None:
    async def work() -> list[Any]:
        return [each.value for each in await asyncio.gather(*(call("def f(n):\n    return n", n=n) for n in range(50)))]

    assert on_loop(work()) == list(range(50))

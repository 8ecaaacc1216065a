"""Source for the sandbox is read before it is saved: what it takes, and why it cannot run, with the line."""

import pytest

from agent_app import json_schemas
from agent_app.tools.sandbox import source
from agent_app.tools.sandbox.source import SourceProblem


def parameters(head: str, body: str = "return 1") -> dict[str, object]:
    schema = source.read(f"{head}:\n    {body}\n").parameters
    assert json_schemas.problems_of(schema) == []
    found: dict[str, object] = schema["properties"]
    return found


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("list", {"type": "array"}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("List['str']", {"type": "array", "items": {"type": "string"}}),
        ("typing.Sequence[float]", {"type": "array", "items": {"type": "number"}}),
        ("dict", {"type": "object"}),
        ("dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("str | None", {"type": ["string", "null"]}),
        ("Optional[int]", {"type": ["integer", "null"]}),
        ("Union[int, str]", {"type": ["integer", "string"]}),
        ("list[int] | None", {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]}),
        ("Literal['a', 'b']", {"enum": ["a", "b"]}),
        ("Annotated[int, 'How many.']", {"type": "integer", "description": "How many."}),
        ("'int'", {"type": "integer"}),
        ("Any", {}),
        ("object", {}),
        ("SomethingElse[int]", {}),
        ("int | Whatever", {}),
        ("Literal[f()]", {}),
        ("'not an expression ('", {}),
    ],
)
def test_annotations_become_json_schema(annotation: str, schema: dict[str, object]) -> None:
    assert parameters(f"def f(a: {annotation})") == {"a": schema}


def test_defaults_make_parameters_optional() -> None:
    code = "def f(a, b: int = 3, *, c: str = None, d: float = 1e999, e: list = make(), g: Literal['x'] = 'x') -> str:\n    return ''"
    read = source.read(code)
    assert read.parameters["required"] == ["a"]
    assert read.parameters["additionalProperties"] is False
    assert read.parameters["properties"] == {
        "a": {},
        "b": {"type": "integer", "default": 3},
        "c": {"type": ["string", "null"]},
        "d": {"type": "number"},
        "e": {"type": "array"},
        "g": {"enum": ["x"], "default": "x"},
    }


def test_keywords_of_any_name_may_be_taken() -> None:
    read = source.read("async def f(**more):\n    return more")
    assert (read.takes_any, read.is_async, read.parameters["additionalProperties"]) == (True, True, True)


GOOGLE = '''
def weather(city: str, days: int = 1):
    """Tell the weather.

    As well as it is known.

    Args:
        city: Where,
            by name.
        days (int): How far ahead.

    Returns:
        Words: not a parameter.
    """
'''
FIELDS = '''
def weather(city: str, days: int = 1):
    """Tell the weather.

    As well as it is known.

    :param city: Where,
        by name.
    :param int days: How far ahead.
    :return: Words.
    """
'''


@pytest.mark.parametrize("code", [GOOGLE, FIELDS])
def test_docstrings_describe_the_function_and_its_parameters(code: str) -> None:
    read = source.read(code)
    assert read.description == "Tell the weather.\n\nAs well as it is known."
    assert read.parameters["properties"] == {
        "city": {"type": "string", "description": "Where, by name."},
        "days": {"type": "integer", "default": 1, "description": "How far ahead."},
    }


def test_helpers_begin_with_an_underscore() -> None:
    read = source.read("import math\n\ndef _half(x):\n    return x / 2\n\ndef half(x: float):\n    return _half(x)\n")
    assert (read.name, read.line) == ("half", 6)


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("", 0, "There is no function"),
        ("x = 1", 0, "There is no function"),
        ("def _f():\n    pass", 0, "There is no function"),
        ("def f():\n    pass\n\ndef g():\n    pass", 4, "several functions (f, g)"),
        ("def f():\n    return 1 +", 2, "not Python"),
        ("def f(a, a):\n    pass", 1, "not Python"),
        ("return 1", 1, "not Python"),
        ("def f():\n    pass\n\nf = 3", 4, "defined again; it was first in line 1"),
        ("f = 3\ndef f():\n    pass", 2, "defined again"),
        ("def context():\n    pass", 1, "given by the sandbox"),
        ("from json import loads as http_get\ndef f():\n    pass", 1, "given by the sandbox"),
        ("def f(*all):\n    pass", 1, "cannot be given by its name"),
        ("def f(a, /):\n    pass", 1, "cannot be given by its name"),
        ("import functools\n\n@functools.cache\ndef f():\n    pass", 3, "decorator"),
        ("def f():\n    yield 1", 2, "yield"),
        ("def f():\n    pass\nclass E(Exception):\n    pass", 3, "inheritance"),
        ("class E:\n    @property\n    def a(self):\n        pass\ndef f():\n    pass", 1, "decorators of methods"),
        ("import subprocess\ndef f():\n    pass", 1, "no module “subprocess”"),
        ("def f():\n    from urllib.request import urlopen\n    return urlopen", 2, "no module “urllib.request”"),
        ("from . import x\ndef f():\n    pass", 1, "Import by name"),
        ("from json import *\ndef f():\n    pass", 1, "Import by name"),
        ("def f():\n    return '\0'", 0, ""),
        ("def f():\n    return '\ud800'", 0, "character"),
        ("def f():\n    return " + "(" * 500 + ")" * 500, 0, ""),
        ("def f():\n    return " + "-" * 20_000 + "1", 0, ""),
        ("def f():\n    return a" + ".b" * 15_000, 0, ""),
        ("#" * (source.MAX_SOURCE + 1), 0, "longer than"),
    ],
)
def test_what_cannot_run_is_refused_with_its_line(code: str, line: int, words: str) -> None:
    with pytest.raises(SourceProblem) as refused:
        source.read(code, taken=("context", "http_get"))
    assert words in refused.value.message
    if line:
        assert refused.value.line == line
        assert str(refused.value).startswith(f"Line {line}: ")


def test_reading_executes_nothing() -> None:
    source.read("raise SystemExit\n\ndef f(a=exit()):\n    return exit()\n")


def test_it_is_told_whether_a_name_is_used() -> None:
    assert source.uses("def f(u):\n    return http_get(u)", "http_get")
    assert not source.uses("def f(u):\n    return 'http_get'", "http_get")
    assert not source.uses("not python at all (", "http_get")

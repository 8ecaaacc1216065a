"""Tools of type ``function``: refused with the line when they are saved, offered as their signature says, called in the sandbox."""

from typing import Any
from uuid import UUID

import pytest

from agent_app.tools import registry
from agent_app.tools.function import FunctionTool, limits
from agent_app.tools.registry import OutboundBudget, Permission, ToolFailed
from tests.agents.call_world import called, context_of, on_loop, tool_of
from tests.cast import Cast

KIND = FunctionTool()
ADD = 'def add(a: int, b: int = 2) -> int:\n    """Add two numbers.\n\n    Args:\n        a: The first.\n    """\n    return a + b'
NOBODY = UUID(int=0)


def problems(**params: Any) -> dict[str, list[str]]:
    return registry.params_problems(KIND, NOBODY, params)


def test_it_is_saved_as_it_is_written() -> None:
    assert problems(code=ADD) == {}
    assert problems(code=ADD, parameters=[]) == {}
    assert problems(code=ADD, parameters=[{"name": "a", "type": "integer"}]) == {}
    assert (
        problems(code=ADD, parameters={"type": "object", "properties": {"a": {"type": "integer", "maximum": 9}}}) == {}
    )


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({}, "params", "code"),
        ({"code": ADD, "other": 1}, "params", "other"),
        ({"code": "def f(:"}, "code", "Line 1: "),
        ({"code": "def f():\n    pass\ndef g():\n    pass"}, "code", "Line 3: There are several functions"),
        ({"code": "def http_get(url):\n    pass"}, "code", "Line 1: “http_get” is given by the sandbox"),
        ({"code": ADD, "parameters": {"type": "array"}}, "parameters", "type object"),
        (
            {"code": ADD, "parameters": {"type": "object", "properties": {"a": {"type": "nothing"}}}},
            "parameters",
            "not valid",
        ),
        ({"code": ADD, "parameters": {"type": "object", "properties": {"c": {}}}}, "parameters", "does not take: c"),
        ({"code": ADD, "parameters": {"type": "object", "properties": {"b": {}}}}, "parameters", "needs as well: a"),
        ({"code": ADD, "parameters": [{"name": "a", "type": "thing"}]}, "parameters", "no type “thing”"),
        ({"code": ADD, "parameters": [{"name": "a"}, {"name": "a"}]}, "parameters", "there twice"),
        ({"code": ADD, "parameters": [{"type": "integer"}]}, "params", ""),
    ],
)
def test_it_refuses_what_could_not_be_called(params: dict[str, Any], field: str, words: str) -> None:
    found = problems(**params)
    assert list(found) == [field]
    assert words in found[field][0]


def test_the_model_sees_the_signature_and_the_docstring() -> None:
    (function,) = KIND.functions(tool_of(KIND, code=ADD))
    assert (function.name, function.description) == ("function", "Add two numbers.")
    assert function.parameters == {
        "type": "object", "required": ["a"], "additionalProperties": False,
        "properties": {"a": {"type": "integer", "description": "The first."}, "b": {"type": "integer", "default": 2}},
    }  # fmt: skip
    assert function.permissions == frozenset()


def test_what_asks_strangers_says_so() -> None:
    (function,) = KIND.functions(tool_of(KIND, code="def f(url: str):\n    return http_get(url)['text']"))
    assert function.permissions == {Permission.READS_UNTRUSTED, Permission.SENDS_OUT}


def test_people_may_say_other_parameters() -> None:
    tool = tool_of(
        KIND,
        code=ADD,
        parameters=[{"name": "a", "type": "int", "description": "One."}, {"name": "b", "type": "number", "default": 7}],
    )
    (function,) = KIND.functions(tool)
    assert function.parameters["properties"] == {
        "a": {"type": "integer", "description": "One."}, "b": {"type": "number", "default": 7},
    }  # fmt: skip
    assert function.parameters["required"] == ["a"]


def test_limits_and_what_is_missing_are_said() -> None:
    text = str(KIND.params_schema["properties"]["code"]["description"])
    assert " ".join(limits()) in text
    for words in ("5 s", "64 MB", "yield", "json", "http_get"):
        assert words in text


@pytest.mark.django_db
class TestCalls:
    def test_it_answers_what_the_function_returns(self, cast: Cast) -> None:
        result = on_loop(called(KIND, tool_of(KIND, code=ADD), "function", {"a": 40}, context_of(cast.alice)))
        assert result.value == 42

    def test_defaults_of_people_are_taken(self, cast: Cast) -> None:
        tool = tool_of(
            KIND, code=ADD, parameters=[{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 60}]
        )
        assert on_loop(called(KIND, tool, "function", {"a": 1}, context_of(cast.alice))).value == 61

    def test_it_reads_the_context(self, cast: Cast) -> None:
        context = context_of(cast.alice, values={"context": {"plan": {"name": "gold"}}, "user": {"name": "Alice"}})
        tool = tool_of(KIND, code="def f():\n    return context['plan']['name']")
        assert on_loop(called(KIND, tool, "function", {}, context)).value == "gold"

    def test_an_error_has_a_fixed_form_with_its_line(self, cast: Cast) -> None:
        tool = tool_of(KIND, code="def f(x: int):\n    print('so far')\n    return 1 / x")
        with pytest.raises(ToolFailed) as failed:
            on_loop(called(KIND, tool, "function", {"x": 0}, context_of(cast.alice)))
        error = failed.value
        assert (error.message, error.code) == ("Line 3: ZeroDivisionError: division by zero", "error")
        assert error.details["line"] == 3
        assert error.details["printed"] == "so far\n"

    def test_a_cut_result_says_so(self, cast: Cast) -> None:
        tool = tool_of(KIND, code="def f():\n    return 'x' * 2_000_000")
        value = on_loop(called(KIND, tool, "function", {}, context_of(cast.alice))).value
        assert value.endswith("[The result was cut after 1000000 bytes.]")

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/", "http://169.254.169.254/latest/", "file:///etc/passwd", "http://0x7f.1/"]
    )
    def test_http_get_goes_through_the_guard(self, cast: Cast, url: str) -> None:
        code = "def f(url: str):\n    try:\n        return http_get(url)\n"
        code += "    except RuntimeError as error:\n        return {'error': str(error)}"

        tool = tool_of(KIND, code=code)
        result = on_loop(called(KIND, tool, "function", {"url": url}, context_of(cast.alice)))
        assert set(result.value) == {"error"}

    def test_http_get_counts_as_a_request_of_the_run(self, cast: Cast) -> None:
        context = context_of(cast.alice, outbound=OutboundBudget(left=0))
        tool = tool_of(KIND, code="def f():\n    return http_get('https://example.com/')")
        with pytest.raises(ToolFailed, match="all of its outbound requests"):
            on_loop(called(KIND, tool, "function", {}, context))

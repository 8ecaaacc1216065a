"""Templates and expressions: what they mean, what they refuse, and that nothing in them costs more than its limit."""

from typing import Any

import pytest

from agent_app.expressions import (
    ExpressionError,
    check_expression,
    check_template,
    evaluate,
    paths_of,
    pool,
    render,
    render_value,
)
from agent_app.expressions.syntax import plain_parts

VALUES: dict[str, Any] = {
    "user": {"name": "Ada"}, "now": "2026-11-21", "context": {"shop": "Halden", "items": [3, 1, 2], "vip": True},
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello", "Hello"), ("Hi {{ user.name }}!\n", "Hi Ada!\n"), ("{{ context['shop'] }} {{ context.items[1] }}", "Halden 1"),
        ("a }} b {#c} { d", "a }} b {#c} { d"),
    ],
)  # fmt: skip
def test_paths_are_filled_in_without_a_process(source: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_slots", None)
    assert render(source, VALUES) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% if context.vip %}Be very kind.{% else %}x{% endif %}", "Be very kind."),
        ("{% for i in context.items %}{{ loop.index }}:{{ i }} {% endfor %}", "1:3 2:1 3:2 "),
        ("{{ context.color | default('red') }}", "red"), ("{{ context.items | sort | join(', ') }}", "1, 2, 3"),
        ("{{ context.items | tojson }}", "[3, 1, 2]"), ("{{ 'a' ~ (1 + 2) }}", "a3"), ("{{ range(3) | list }}", "[0, 1, 2]"),
    ],
)  # fmt: skip
def test_the_rest_is_evaluated(source: str, text: str) -> None:
    assert check_template(source, VALUES) == []
    assert render(source, VALUES) == text


def test_a_single_expression_keeps_its_type() -> None:
    assert render_value(" {{ context['items'] }} ", VALUES) == [3, 1, 2]
    assert render_value("{{ context.vip and 1 < 2 }}", VALUES) is True
    assert render_value("{{ context.vip }}{{ now }}", VALUES) == "True2026-11-21"
    assert evaluate("context.items | length > 2", VALUES) is True


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}", "{{ user._secret }}", "{{ user.name.upper() }}", "{% include 'x' %}", "{% import 'x' as y %}",
        "{% set a = 1 %}", "{% macro m() %}{% endmacro %}", "{{ cycler(1) }}", "{{ user | attr('name') }}", "{{ x | pprint }}",
        "{% raw %}{% endraw %}{% block b %}{% endblock %}", "{{ '%s' | format(1) }}", "{{ user.name is callable }}", "{{ user",
        "{% if %}", "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    ],
)  # fmt: skip
def test_what_is_outside_the_language_is_refused_at_once(source: str) -> None:
    assert check_template(source, {"user", "x"}) != []


def test_values_have_no_attributes_and_no_methods() -> None:
    for source in (
        "{{ user['__class__'] | string }}",
        "{{ context.items.append | string }}",
        "{{ user.keys | string }}",
    ):
        with pytest.raises(ExpressionError) as refused:
            render(source, VALUES)
        assert refused.value.code == "undefined"


@pytest.mark.parametrize(
    "source",
    [
        "9 ** 99999999", "'a' * 1000000000", "[0] * 1000000000", "'%1000000000d' % 1", "range(100000) | list",
        "(10 ** 1000) * (10 ** 1000)",
    ],
)  # fmt: skip
def test_what_would_grow_without_end_is_stopped(source: str) -> None:
    with pytest.raises(ExpressionError) as stopped:
        evaluate(source, {})
    assert stopped.value.code in ("limit", "refused")


def test_what_takes_too_long_is_stopped_and_the_next_one_is_answered() -> None:
    loops = "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}"
    with pytest.raises(ExpressionError) as stopped:
        render(loops, {})
    assert stopped.value.code == "limit"
    assert evaluate("1 + 1", {}) == 2


def test_a_text_that_becomes_too_long_is_stopped() -> None:
    with pytest.raises(ExpressionError) as stopped:
        render("{% for a in range(1000) %}" + "x" * 1000 + "{% endfor %}", {})
    assert stopped.value.code == "limit"


def test_what_is_undefined_is_an_error_and_is_named() -> None:
    for source in ("{{ context.colour }}", "{{ context.colour | upper }}", "{{ nobody }}"):
        with pytest.raises(ExpressionError) as missing:
            render(source, VALUES)
        assert missing.value.code == "undefined"
    assert check_template("{{ usr.name }}", {"user", "now"}) == ["There is no variable “usr”. There are: now, user."]
    for cut in ("context.a ==", "1 +", "(context.a", "context.a == 'x' and\n"):
        assert check_expression(cut, {"context"}) == [
            "The expression is not complete: something is missing at its end."
        ], cut
    assert check_expression("{{ context.a }}", {"context"}) == ["Write the expression without braces."]


def test_the_variables_a_template_needs_are_known_before_it_runs() -> None:
    source = (
        "{{ user.name }}{% for x in context.lines %}{{ x.a }}{{ loop.index }}{% endfor %}{{ context.b | default(now) }}"
        "{% if context.c is defined %}{% endif %}"
    )
    assert paths_of(source) == {("user", "name"), ("context", "lines"), ("context",), ("now",)}
    assert plain_parts("a {{ user.name }}") == ["a ", ("user", "name")]
    assert plain_parts("{{ user.name | upper }}") is None


def test_a_value_that_becomes_too_large_never_leaves_its_process() -> None:
    values = {"message": "x" * 200_000}
    with pytest.raises(ExpressionError) as large:
        evaluate(f"[{','.join(['message'] * 500)}]", values)
    assert large.value.code == "limit"
    assert evaluate("message | upper | length", values) == 200_000
    assert len(evaluate("message | upper", {"message": "ä" * 200_000})) == 200_000


def test_a_template_of_paths_stops_where_it_becomes_too_long() -> None:
    """It is filled in where everything else happens: what it would come to must never be there."""

    class Large(dict[str, Any]):
        read = 0

        def __getitem__(self, name: str) -> Any:
            Large.read += 1
            return super().__getitem__(name)

    with pytest.raises(ExpressionError):
        render("{{ message }}" * 5_000, Large(message="x" * 200_000))
    assert Large.read == 2


@pytest.mark.parametrize("link", [" | d", " + 1", ".b | first"])
def test_a_chain_without_end_is_refused_and_not_broken_off(link: str) -> None:
    source = "{{ a" + link * 3_000 + " }}"
    assert check_template(source, {"a"}) != []
    with pytest.raises(ExpressionError):
        paths_of(source)
    with pytest.raises(ExpressionError):
        render(source, {"a": 1})


def test_an_expression_is_not_a_book() -> None:
    assert "10000 characters" in check_expression("1" + " + 1" * 5_000, set())[0]

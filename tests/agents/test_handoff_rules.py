"""Names, filters, payloads and conditions of handoffs. Pure: no database."""

from typing import Any

import pytest

from agent_app import conditions, handoffs

VARIABLES = {"context": {"plan": "pro", "seats": 3, "tags": ["a", "b"], "items": [{"x": 1}]}, "user": {"name": "Al"}}


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("History Tutor", "transfer_to_history_tutor"), ("RefundAgent v2", "transfer_to_refund_agent_v2"),
        ("Übersetzer", "transfer_to_ubersetzer"), ("数学", "transfer_to_deadbeef"), ("x" * 99, "transfer_to_" + "x" * 52),
    ],
)  # fmt: skip
def test_a_handoff_is_named_after_its_target(name: str, tool: str) -> None:
    assert handoffs.default_tool_name(name, "01900000-0000-7000-8000-0000deadbeef") == tool


@pytest.mark.parametrize(
    ("field", "value", "fine"),
    [
        ("tool_name", "ask-history_1", True), ("tool_name", "ask history", False), ("tool_name", "x" * 65, False),
        ("input_filter", "all", True), ("input_filter", {"type": "last_n", "n": 10}, True), ("input_filter", "summary", True),
        ("input_filter", {"type": "last_n", "n": 0}, False), ("input_filter", {"type": "last_n", "n": True}, False),
        ("input_filter", "last_n", False), ("input_filter", "none", False), ("input_filter", 7, False),
        ("payload_schema", {"type": "object", "properties": {"a": {"type": "string"}}}, True),
        ("payload_schema", {"type": "string"}, False), ("payload_schema", {"type": "object", "$ref": "http://x"}, False),
        ("enabled_when", "context.plan == 'pro'", True), ("enabled_when", "open('x')", False),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_named_by_its_field(field: str, value: Any, fine: bool) -> None:
    assert list(handoffs.problems_of({"target_agent_id": "x", field: value})) == ([] if fine else [field])


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        ("", True), ("context.plan == 'pro'", True), ("context['plan'] == \"free\"", False), ("not context.guest", True),
        ("context.seats > 2 and 'a' in context.tags", True), ("context.seats > 'x'", False), ("context.items[0].x == 1", True),
        ("context.items[9].x == none", True), ("2 < context.seats < 4", True), ("context.plan in ['free', 'pro']", True),
        ("user.name == 'Al' or context.missing.deep", True), ("message == null", True), ("context.seats == -3", False),
    ],
)  # fmt: skip
def test_a_condition_looks_at_what_is_there(condition: str, true: bool) -> None:
    assert conditions.problems_of(condition) == []
    assert conditions.holds(condition, VARIABLES) is true


@pytest.mark.parametrize(
    "condition",
    [
        "open('/etc/passwd')", "context.__class__()", "1 + 1", "[x for x in context]", "lambda: 1", "os",
        "context.plan ==", "a" * 2000, "context[user.name]", "f'{context}'", "not " * 300 + "context", "context if user else 1",
    ],
)  # fmt: skip
def test_a_condition_can_do_nothing_else(condition: str) -> None:
    assert conditions.problems_of(condition) != []
    with pytest.raises(conditions.InvalidCondition):
        conditions.holds(condition, VARIABLES)

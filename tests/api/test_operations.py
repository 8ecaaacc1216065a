"""The judge of ``operations.py``: which operations of a schema were answered."""

from tests.api.operations import Operation, _schema, missing, operations

SCHEMA = {
    "paths": {
        "/api/v1/tools/": {"get": {}, "post": {}, "parameters": []},
        "/api/v1/tools/library/": {"get": {}},
        "/api/v1/tools/{tool_id}/": {"get": {}, "delete": {}},
        "/api/v1/tools/{tool_id}/test/": {"post": {}},
    }
}


def test_all_are_missing_where_nothing_was_asked() -> None:
    assert missing(SCHEMA, []) == operations(SCHEMA)
    assert len(operations(SCHEMA)) == 6


def test_an_address_counts_with_and_without_its_slash_for_its_method_only() -> None:
    asked = [
        Operation("GET", "/api/v1/tools"),
        Operation("DELETE", "/api/v1/tools/7/"),
        Operation("POST", "/api/v1/tools/7"),
    ]
    assert [str(each) for each in missing(SCHEMA, asked)] == [
        "POST /api/v1/tools/", "GET /api/v1/tools/library/", "GET /api/v1/tools/{tool_id}/", "POST /api/v1/tools/{tool_id}/test/",
    ]  # fmt: skip


def test_a_literal_address_is_not_taken_for_a_parameter() -> None:
    left = [str(each) for each in missing(SCHEMA, [Operation("GET", "/api/v1/tools/library/")])]
    assert "GET /api/v1/tools/{tool_id}/" in left
    assert "GET /api/v1/tools/library/" not in left


def test_the_schema_has_operations_of_ours() -> None:
    assert Operation("POST", "/api/v1/agents/{agent_id}/run/") in operations(_schema())

"""The library of output types, own schemas, and what becomes of answers. Pure: no database."""

import time
from typing import Any

import pytest

from agent_app import json_schemas, output_formats, output_types
from agent_app.output_types import InvalidOutput

NAMES = ["text", "classification", "extraction", "list", "score", "yes_no", "table", "json_schema"]
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}


def test_each_entry_of_the_library_accepts_its_own_example_and_answer() -> None:
    entries = output_types.available()
    assert [entry["type_name"] for entry in entries] == NAMES
    for entry in entries:
        example = entry["example"]
        assert output_types.check(example) == [], entry["type_name"]
        assert output_types.schema_for(example) == entry["schema"]
        text = entry["answer"] if entry["type_name"] == "text" else output_formats.to_json(entry["answer"])
        assert output_types.parse(example, text) == entry["answer"]
        assert entry["type_name"] == "text" or output_types.is_strict(example), entry["type_name"]
    assert output_types.describe("score") == entries[4]
    assert output_types.describe("nothing") is None


@pytest.mark.parametrize(
    ("output_type", "says"),
    [
        ("text", "is an object"),
        ({"type_name": "poem"}, "no such output type"),
        ({"type_name": ["text"]}, "no such output type"),
        ({"type_name": "classification"}, "'labels' is a required property"),
        ({"type_name": "classification", "labels": ["a"]}, "too short"),
        ({"type_name": "classification", "labels": ["a", "a"]}, "non-unique"),
        ({"type_name": "classification", "labels": ["a", "b"], "label": 1}, "'label' was unexpected"),
        ({"type_name": "extraction", "fields": [{"name": "a b"}]}, "does not match"),
        ({"type_name": "extraction", "fields": [{"name": "a"}, {"name": "a"}]}, "same name"),
        ({"type_name": "score", "minimum": 5, "maximum": 5}, "below the highest"),
        ({"type_name": "json_schema", "schema": OPEN, "strict": True}, "additionalProperties"),
        ({"type": "nothing"}, "not valid"),
        ({"title": "x"}, "says nothing"),
        ({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}, "point into the schema"),
        ({"$ref": "#"}, "only to itself"),
        ({"$ref": "#/$defs/missing"}, "leads nowhere"),
        ({"type": "string", "pattern": "(?=a)a"}, "look-around"),
        ({"type": "object", "patternProperties": {"^a": {}}}, "cannot be used here"),
        ({"type": "string", "enum": ["x" * 40_000]}, "at most"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(output_type: object, says: str) -> None:
    assert says in " ".join(output_types.check(output_type))


def test_text_and_own_schemas_are_taken_as_they_are() -> None:
    assert output_types.check(None) == output_types.check(OPEN) == []
    assert output_types.schema_for(None) is None
    assert output_types.schema_for(OPEN) == OPEN
    assert not output_types.is_strict(OPEN)
    assert output_types.is_strict({**OPEN, "required": ["a"], "additionalProperties": False})
    assert not output_types.is_strict({"type_name": "json_schema", "schema": OPEN, "strict": False})


def test_options_shape_the_schema() -> None:
    several = {"type_name": "classification", "labels": ["a", "b"], "multiple": True, "reason": True}
    assert output_types.parse(several, '{"labels": ["a", "b"], "reason": "both"}')["labels"] == ["a", "b"]
    optional = {"type_name": "extraction", "fields": [{"name": "sent", "type": "date", "required": False}]}
    assert output_types.parse(optional, '{"sent": null}') == {"sent": None}
    with pytest.raises(InvalidOutput, match="does not match"):
        output_types.parse(optional, '{"sent": "yesterday"}')
    decimals = {"type_name": "score", "minimum": 0, "maximum": 1, "decimals": True, "reason": False}
    assert output_types.parse(decimals, '{"score": 0.5}') == {"score": 0.5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I think it is praise.", "not JSON"),
        ('{"label": "rant"}', "is not one of"),
        ("{}", "'label' is a required property"),
        ('{"label": "praise", "x": 1}', "'x' was unexpected"),
        ("[]", "is not of type"),
        ('"' + "x" * 300_000 + '"', "longer than"),
    ],
)
def test_an_answer_that_does_not_fit_says_why(text: str, says: str) -> None:
    kind = {"type_name": "classification", "labels": ["praise", "complaint"]}
    with pytest.raises(InvalidOutput) as refused:
        output_types.parse(kind, text)
    assert says in refused.value.problems[0]


def test_json_in_a_code_block_is_read() -> None:
    assert (
        output_types.parse({"type_name": "yes_no"}, '```json\n{"answer": true, "reason": "x"}\n```')["answer"] is True
    )


def test_a_value_that_is_no_object_is_wrapped_on_its_way() -> None:
    numbers = {"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}}
    wire = output_types.wire_schema(numbers)
    assert wire is not None
    assert (wire["type"], wire["required"], wire["$defs"]) == ("object", ["response"], numbers["$defs"])
    assert json_schemas.errors_in(wire, {"response": [1, 2]}) == []
    assert output_types.parse(numbers, '{"response": [1, 2]}') == output_types.parse(numbers, "[1, 2]") == [1, 2]


def test_a_pattern_needs_linear_time_whatever_it_says() -> None:
    greedy = {"type": "string", "pattern": "^(a+)+$"}
    assert output_types.check(greedy) == []
    began = time.process_time()
    assert json_schemas.errors_in(greedy, "a" * 50_000 + "b") != []
    assert time.process_time() - began < 5


RECORDS = {"rows": [{"item": "tent | blue", "price": 120}, {"item": "=1+1", "note": None, "tags": ["a", "b"]}]}


@pytest.mark.parametrize(
    ("value", "as_csv", "as_markdown"),
    [
        (
            RECORDS,
            'item,price,note,tags\r\ntent | blue,120,,\r\n\'=1+1,,,"a, b"\r\n',
            "| item | price | note | tags |\n| --- | --- | --- | --- |\n"
            "| tent \\| blue | 120 |  |  |\n| =1+1 |  |  | a, b |\n",
        ),
        ({"items": ["one\ntwo", -2]}, 'value\r\n"one\ntwo"\r\n-2\r\n', "- one<br>two\n- -2\n"),
        ({"score": 7, "reason": "fine"}, "score,reason\r\n7,fine\r\n", "- **score:** 7\n- **reason:** fine\n"),
        ({"a": {"b": [1]}, "c": True}, 'a,c\r\n"{""b"":[1]}",true\r\n', '- **a:** {"b":[1]}\n- **c:** true\n'),
        ("plain", "value\r\nplain\r\n", "plain\n"),
    ],
    ids=["records", "list", "record", "nested", "text"],
)
def test_an_answer_is_converted(value: Any, as_csv: str, as_markdown: str) -> None:
    assert output_formats.convert(value, "csv") == as_csv
    assert output_formats.convert(value, "md") == as_markdown
    assert output_types.parse({"type": ["object", "string"]}, output_formats.convert(value, "json")) == value


def test_a_schema_whose_references_multiply_is_refused_or_its_values_are() -> None:
    levels = 60

    def doubled(wrap: Any) -> dict[str, Any]:
        parts = {
            f"a{n}": {"allOf": [wrap({"$ref": f"#/$defs/a{n + 1}"}), wrap({"$ref": f"#/$defs/a{n + 1}"})]}
            for n in range(levels)
        }
        return {"$defs": {**parts, f"a{levels}": {"type": "string"}}}

    at_once = doubled(lambda part: part) | {"$ref": "#/$defs/a0"}
    assert "multiply" in json_schemas.problems_of(at_once)[0]
    deeper = doubled(lambda part: {"properties": {"x": part}}) | {"$ref": "#/$defs/a0"}
    assert json_schemas.problems_of(deeper) == []
    value: dict[str, Any] = {}
    for _level in range(levels):
        value = {"x": value}
    assert json_schemas.errors_in(deeper, value) == ["The value is nested too deeply."]
    several = {"type": "array", "uniqueItems": True}
    assert json_schemas.errors_in(several, [{"n": n} for n in range(300)]) == []
    assert json_schemas.errors_in(several, [{"n": n} for n in range(20_000)]) != []

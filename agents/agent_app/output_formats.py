"""An answer with an output type as JSON, CSV and Markdown, and as the table or form that pages show. Pure."""

import csv
import io
from dataclasses import dataclass
from typing import Any

import orjson

FORMATS = ("json", "csv", "md")


@dataclass(frozen=True)
class Table:
    """Rows under columns. ``rows`` are in the columns' order; what a row lacks is None."""

    columns: list[str]
    rows: list[list[Any]]


def table_of(value: Any) -> Table | None:
    """The rows of an answer that is a list of records, or holds nothing but one; else None."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
        return None
    columns = list(dict.fromkeys(name for row in value for name in row))
    return Table(columns, [[row.get(name) for name in columns] for row in value])


def list_of(value: Any) -> list[Any] | None:
    """The entries of an answer that is a list, or holds nothing but one; else None."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value if isinstance(value, list) else None


def plain(value: Any) -> str:
    """A value as people read it in a cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return ", ".join(plain(part) for part in value)
    return orjson.dumps(value).decode()


def to_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def to_csv(value: Any) -> str:
    """RFC 4180. Text that a spreadsheet would take for a formula is prefixed with an apostrophe."""
    table = table_of(value)
    if table is None:
        entries = list_of(value)
        if entries is not None:
            table = Table(["value"], [[entry] for entry in entries])
        elif isinstance(value, dict):
            table = Table(list(value), [list(value.values())])
        else:
            table = Table(["value"], [[value]])
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_cell(name) for name in table.columns])
    writer.writerows([_cell(each) for each in row] for row in table.rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    text = plain(value)
    formula = isinstance(value, str) and text[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{text}" if formula else text


def to_markdown(value: Any) -> str:
    """A table for records, a list for lists, names and values for one record."""
    table = table_of(value)
    if table is not None:
        lines = [_row(table.columns), _row(["---"] * len(table.columns)), *(_row(row) for row in table.rows)]
        return "\n".join(lines) + "\n"
    entries = list_of(value)
    if entries is not None:
        return "".join(f"- {_inline(entry)}\n" for entry in entries)
    if isinstance(value, dict):
        return "".join(f"- **{_inline(name)}:** {_inline(each)}\n" for name, each in value.items())
    return f"{plain(value)}\n"


def _row(cells: list[Any]) -> str:
    return "| " + " | ".join(_inline(cell) for cell in cells) + " |"


def _inline(value: Any) -> str:
    text = plain(value).replace("\\", "\\\\").replace("|", "\\|")
    return "<br>".join(text.splitlines())


def convert(value: Any, form: str) -> str:
    """``value`` in one of ``FORMATS``."""
    return {"json": to_json, "csv": to_csv, "md": to_markdown}[form](value)


# For pages


@dataclass(frozen=True)
class Shown:
    """An answer as pages show it: one of ``table``, ``entries`` and ``fields``, and the texts to copy."""

    table: Table | None
    entries: list[str] | None
    fields: list[tuple[str, str]] | None
    copies: list[tuple[str, str]]


def shown(value: Any) -> Shown | None:
    """None for text, which needs no form."""
    if value is None or isinstance(value, str):
        return None
    table = table_of(value)
    if table is not None:
        table = Table(table.columns, [[plain(cell) for cell in row] for row in table.rows])
    entries = list_of(value) if table is None else None
    fields = None
    if table is None and entries is None:
        named = value.items() if isinstance(value, dict) else [("", value)]
        fields = [(str(name), plain(each)) for name, each in named]
    copies = [("JSON", to_json(value)), ("CSV", to_csv(value)), ("Markdown", to_markdown(value))]
    return Shown(table, [plain(entry) for entry in entries] if entries is not None else None, fields, copies)

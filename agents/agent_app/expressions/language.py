"""The meaning of the language: Jinja's sandbox, narrowed to JSON values. Runs in limited processes (``child``), never beside secrets.

Values have no attributes and no methods: a dot looks up a key or nothing. What could grow without end has a limit.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent_app.expressions.problems import ExpressionError
from agent_app.expressions.problems import mark as _

MAX_OUTPUT = 256 * 1024
MAX_RANGE = 1000
MAX_BITS = 4096

_FILTERS = (
    "abs capitalize d default first float int join last length list lower map max min reject rejectattr replace reverse round "
    "select selectattr sort string sum title trim truncate unique upper"
)
_TESTS = (
    "boolean defined divisibleby equalto even false float ge gt in integer le lt lower mapping ne none number odd "
    "sequence string true undefined upper eq == != < <= > >="
)
FILTERS = frozenset(_FILTERS.split())
TESTS = frozenset(_TESTS.split())
_LOOP = frozenset({"index", "index0", "first", "last", "length"})

Operators = Mapping[str, Callable[[Any, Any], Any]]


def _too_large() -> NoReturn:
    raise ExpressionError("limit", _("This becomes too large."))


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _add(left: Any, right: Any) -> Any:
    return left + right if _size(left) + _size(right) <= MAX_OUTPUT else _too_large()


def _multiply(left: Any, right: Any) -> Any:
    if not (_number(left) and _number(right)):
        raise ExpressionError("refused", _("“*” multiplies numbers only."))
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_BITS:
        _too_large()
    return left * right


def _power(left: Any, right: Any) -> Any:
    if not (_number(left) and _number(right)):
        raise ExpressionError("refused", _("“**” takes numbers only."))
    if isinstance(left, int) and left.bit_length() * abs(right) > MAX_BITS:
        _too_large()
    return left**right


def _remainder(left: Any, right: Any) -> Any:
    if not (_number(left) and _number(right)):
        raise ExpressionError("refused", _("“%” takes numbers only."))
    return left % right


_OPERATORS: Operators = {"+": _add, "*": _multiply, "**": _power, "%": _remainder}


def _limited_range(*bounds: int) -> range:
    numbers = range(*bounds)
    return numbers if len(numbers) <= MAX_RANGE else _too_large()


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=min(indent, 8) if indent else None)


class Language(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(_OPERATORS)

    def __init__(self) -> None:
        # Comments would swallow text that somebody meant: {#section} is a heading's anchor in Markdown.
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, comment_start_string="\x00{#")
        self.filters = {name: known for name, known in self.filters.items() if name in FILTERS}
        self.filters["tojson"] = _to_json
        self.tests = {name: known for name, known in self.tests.items() if name in TESTS}
        self.globals = {"range": _limited_range}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        return _OPERATORS[operator](left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        return obj is _limited_range

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of an object, a place in a list or text; else nothing."""
        if isinstance(obj, Undefined):
            return obj[argument]  # says what is undefined
        if isinstance(obj, LoopContext) and argument in _LOOP:
            return getattr(obj, str(argument))
        try:
            if isinstance(obj, dict) or (
                isinstance(obj, list | tuple | str) and isinstance(argument, int | slice) and not isinstance(argument, bool)
            ):  # fmt: skip
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)


language = Language()


def parse(source: str) -> nodes.Template:
    """The syntax tree. Raises ExpressionError with the line."""
    try:
        return language.parse(source)
    except TemplateSyntaxError as error:
        raise ExpressionError(
            "syntax", _("Line %(line)d: %(why)s"), line=error.lineno, why=error.message or ""
        ) from error
    except (RecursionError, ValueError) as error:
        raise ExpressionError("syntax", _("This is nested too deeply, or a number is too long.")) from error


def render_text(source: str, variables: Mapping[str, Any]) -> str:
    """The text of a template."""

    def work() -> str:
        parts: list[str] = []
        size = 0
        for part in language.from_string(source).generate(**variables):
            parts.append(part)
            size += len(part)
            if size > MAX_OUTPUT:
                _too_large()
        return "".join(parts)

    return str(_guarded(work))


def compute(source: str, variables: Mapping[str, Any]) -> Any:
    """The value of a bare expression: JSON."""
    value = _guarded(lambda: language.compile_expression(source, undefined_to_none=False)(**variables))
    if isinstance(value, Undefined):
        raise ExpressionError("undefined", _undefined(value))
    return value


def _undefined(value: Undefined) -> str:
    try:
        str(value)
    except UndefinedError as error:
        return str(error.message)
    return _("This has no value.")


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ExpressionError:
        raise
    except UndefinedError as error:
        raise ExpressionError("undefined", str(error.message)) from error
    except TemplateSyntaxError as error:
        raise ExpressionError(
            "syntax", _("Line %(line)d: %(why)s"), line=error.lineno, why=error.message or ""
        ) from error
    except SecurityError as error:
        raise ExpressionError("refused", _("Nothing can be called here.")) from error
    except (MemoryError, OverflowError) as error:
        raise ExpressionError("limit", _("This becomes too large.")) from error
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, AttributeError) as error:
        raise ExpressionError("failed", _("This could not be computed: %(why)s"), why=str(error)) from error

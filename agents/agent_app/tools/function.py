"""The type ``function``: a Python function that people write, called in the sandbox that can only compute."""

import re
from typing import Any
from uuid import UUID

from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import json_schemas
from agent_app.json_schemas import Schema
from agent_app.tools import egress
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)
from agent_app.tools.sandbox import python, source
from agent_app.tools.sandbox.signature import Signature

HTTP_GET = "http_get"
CONTEXT = "context"
GIVEN = (HTTP_GET, CONTEXT)
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")
_MOST_ANSWERED = 1024 * 1024  # bytes to http_get: they live in the sandbox's memory
_SHOWN = 4000  # characters of what was printed
_TYPES = {
    "str": "string", "text": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object",
}  # fmt: skip
_JSON_TYPES = ("string", "integer", "number", "boolean", "array", "object")

HELP = gettext_lazy(
    "One function; helpers have names that begin with an underscore. Annotations and the docstring become the parameters "
    "that the model sees. It may use http_get(url), which answers {status, headers, text}, and the object context."
)


def limits() -> list[str]:
    """What is to be known where people write code, in sentences."""
    most = {"seconds": python.SECONDS, "memory": python.MEMORY // 2**20}
    return [
        _("A call may compute for %(seconds)g s, use %(memory)d MB and answer 1 MB.") % most,
        _("There are no files, no environment and no other network than http_get."),
        _("Modules: %(names)s.") % {"names": ", ".join(sorted(source.MODULES))},
        _("There is no %(what)s.") % {"what": "; ".join(map(str, source.MISSING))},
    ]


def _said() -> str:
    return " ".join([str(HELP), *limits()])


class FunctionTool(ToolType):
    name = "function"
    label = gettext_lazy("Function")
    summary = gettext_lazy("Python of your own, in a sandbox without files or network.")
    icon = "code"
    params_schema = {
        "type": "object",
        "properties": {
            "code": {
                "type": "string", "title": "Code", "minLength": 1, "maxLength": source.MAX_SOURCE, "format": "python",
                "description": lazy(_said, str)(),
            },
            "parameters": {
                "title": "Parameters",
                "description": "Instead of what the signature says: a JSON Schema of type object, or a list of parameters.",
                "anyOf": [
                    {"type": "object"},
                    {
                        "type": "array",
                        "maxItems": 100,
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"}, "type": {"type": "string"}, "description": {"type": "string"},
                                "default": {},
                            },
                            "required": ["name"],
                            "additionalProperties": False,
                        },
                    },
                ],
            },
        },
        "required": ["code"],
        "additionalProperties": False,
    }  # fmt: skip
    permissions = frozenset({Permission.READS_UNTRUSTED, Permission.SENDS_OUT})

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        try:
            signature = source.read(params["code"], taken=GIVEN)
        except source.SourceProblem as problem:
            return {"code": [str(problem)]}
        found = _parameter_problems(params.get("parameters"), signature)
        return {"parameters": found} if found else {}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        signature = _signature(tool)
        asks = source.uses(tool.params["code"], HTTP_GET)
        return [
            Function(
                name=tool.name if _NAME.fullmatch(tool.name) else signature.name,
                description=tool.description or signature.description,
                parameters=parameters_of(tool.params.get("parameters"), signature),
                permissions=self.permissions if asks else frozenset(),
                idempotent=True,
            )
        ]

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        async def http_get(url: str) -> dict[str, Any]:
            asked = egress.Outgoing(method="GET", url=str(url))
            try:
                answer = await egress.send(
                    asked, budget=context.outbound, timeout_s=context.timeout_s, most=_MOST_ANSWERED
                )
            except ToolFailed as error:
                raise python.HostRefused(error.message) from error
            return {"status": answer.status, "headers": dict(answer.headers), "text": answer.text()}

        try:
            called = await python.call(
                tool.params["code"], _signature(tool), {**_defaults(function.parameters), **arguments},
                values={CONTEXT: context.values.get("context") or {}}, functions={HTTP_GET: http_get}, timeout_s=context.timeout_s,
            )  # fmt: skip
        except python.CodeFailed as error:
            details = {"line": error.line, "trace": error.trace, "printed": error.printed[:_SHOWN]}
            raise ToolFailed(str(error), code=error.code, details={k: v for k, v in details.items() if v}) from error
        value = called.value
        if called.cut:
            value = f"{value}\n[The result was cut after {python.OUTPUT} bytes.]"
        return ToolResult(value=value, details={"printed": called.printed[:_SHOWN]} if called.printed else {})


def _signature(tool: ToolDefinition) -> Signature:
    """Of source that was read when it was saved. Raises ToolFailed where rules have changed since."""
    try:
        return source.read(tool.params["code"], taken=GIVEN)
    except source.SourceProblem as problem:
        raise ToolFailed(str(problem), code="syntax") from problem


def _defaults(parameters: Schema) -> dict[str, Any]:
    """People may say other defaults than the source does."""
    properties = parameters.get("properties") or {}
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def parameters_of(given: Any, signature: Signature) -> Schema:
    """The schema that arguments must fit: what people have written, else what the signature says."""
    if not given:
        return signature.parameters
    if isinstance(given, dict):
        return {**given, "additionalProperties": given.get("additionalProperties", signature.takes_any)}
    properties = {}
    for each in given:
        kind = _TYPES.get(each.get("type", ""), each.get("type", ""))
        about = {name: each[name] for name in ("description", "default") if name in each}
        properties[each["name"]] = {**({"type": kind} if kind else {}), **about}
    required = [each["name"] for each in given if "default" not in each]
    return {
        "type": "object", "properties": properties, "required": required, "additionalProperties": signature.takes_any,
    }  # fmt: skip


def _parameter_problems(given: Any, signature: Signature) -> list[str]:
    """Why the parameters that people have written do not go with the function."""
    if not given:
        return []
    if isinstance(given, list):
        unknown = [
            str(each["type"])
            for each in given
            if each.get("type") and _TYPES.get(each["type"], each["type"]) not in _JSON_TYPES
        ]
        if unknown:
            said = {"names": ", ".join(unknown), "known": ", ".join(_JSON_TYPES)}
            return [_("There is no type “%(names)s”. There are: %(known)s.") % said]
        names = [each["name"] for each in given]
        if twice := {name for name in names if names.count(name) > 1}:
            return [_("“%(names)s” is there twice.") % {"names": ", ".join(sorted(twice))}]
    schema = parameters_of(given, signature)
    if schema.get("type") != "object":
        return [_("The parameters must be of type object.")]
    if found := json_schemas.problems_of(schema):
        return found
    offered, known = set(schema.get("properties") or {}), set(signature.parameters["properties"])
    found = []
    if (extra := offered - known) and not signature.takes_any:
        found.append(_("The function does not take: %(names)s.") % {"names": ", ".join(sorted(extra))})
    if missing := set(signature.parameters["required"]) - offered:
        found.append(_("The function needs as well: %(names)s.") % {"names": ", ".join(sorted(missing))})
    return found

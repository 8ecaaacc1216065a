"""The type ``code_interpreter``: Python in a machine of its own, with the agent's files and a workspace for the run."""

import re
from functools import lru_cache
from importlib.metadata import distributions
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import hosted
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
from agent_app.tools.sandbox import bubblewrap, calls, outputs, queue

SECONDS = 30.0
_MOST_CODE = 100_000


@lru_cache
def installed() -> dict[str, str]:
    """The packages of this installation by their plain names; none where code may not read them."""
    where = bubblewrap.packages()
    if where is None:
        return {}
    found = distributions(path=[str(where)])
    return {_plain(each.metadata["Name"]): each.version for each in found if each.metadata["Name"]}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class CodeInterpreterTool(ToolType):
    name = "code_interpreter"
    label = gettext_lazy("Code interpreter")
    summary = gettext_lazy("Python that the model writes, in a sandbox with files and without network.")
    icon = "braces"
    params_schema = {
        "type": "object",
        "properties": {
            "packages": {
                "type": "array", "title": "Packages", "items": {"type": "string", "minLength": 1, "maxLength": 100},
                "maxItems": 50, "description": "Beside the standard library. They must be installed with Troupe.",
            },
            "hosted": hosted.SETTING,
        },
        "additionalProperties": False,
    }  # fmt: skip
    permissions = frozenset({Permission.CHANGES_STATE})
    rate = "tool/code_interpreter"

    def unavailable(self) -> str:
        return queue.unavailable()

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        wanted = params.get("packages") or []
        if not wanted:
            return {}
        known = installed()
        missing = [name for name in wanted if _plain(name) not in known]
        if not missing:
            return {}
        return {"packages": [_("Not installed here: %(names)s.") % {"names": ", ".join(name[:60] for name in missing)}]}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        packages = ", ".join(tool.params.get("packages") or [])
        beside = f" and {packages}" if packages else ""
        return [
            Function(
                key="run_python", name="run_python", permissions=self.permissions,
                description=(
                    f"{tool.description}\nRun Python with its standard library{beside}; print what you want to see. There is no "
                    f"network. The agent's files are in {bubblewrap.FILES}. What you write into the current directory stays for "
                    "this run and is given to the person as files."
                ).strip(),
                parameters={
                    "type": "object", "properties": {"code": {"type": "string", "minLength": 1, "maxLength": _MOST_CODE}},
                    "required": ["code"], "additionalProperties": False,
                },
            )
        ]  # fmt: skip

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        payload = {
            "box": {"code": arguments["code"], "packages": bool(tool.params.get("packages"))},
            "answers_files": True,
        }
        try:
            told = await calls.in_box(payload, context, seconds=SECONDS)
        except ToolFailed as error:
            await calls.audited(tool, function, arguments, context, {"error": error.code, **error.details})
            raise
        files, refused = await outputs.kept(told["files"], context)
        details = {"exit_code": told["exit_code"], "duration_ms": told["duration_ms"]}
        await calls.audited(tool, function, arguments, context, {**details, "files": [file["id"] for file in files]})
        value = {"exit_code": told["exit_code"], "stdout": told["stdout"], "stderr": told["stderr"], "files": files}
        if refused:
            value["not_kept"] = refused
        return ToolResult(value=value, details=details)

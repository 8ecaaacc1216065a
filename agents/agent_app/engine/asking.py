"""Asking one guardrail in a run: recorded as a span, and told where it has tripped."""

from uuid import UUID

from agent_app.engine.judge import Judge
from agent_app.engine.tracing import Recorder
from agent_app.guardrails.checking import Checked, Guard, check
from agent_app.guardrails.registry import WARN, CheckContext
from agent_app.guardrails.verdict import Tripped
from agent_app.runs import events
from agent_app.runs.registry import RunContext
from agent_app.tools.registry import OutboundBudget


class Asking:
    """What all checks of a run share. ``judge`` is set once the agents that judge are built."""

    judge: Judge | None = None

    def __init__(self, context: RunContext, recorder: Recorder) -> None:
        self._context = context
        self._recorder = recorder
        self._outbound = OutboundBudget()

    async def ask(self, guardrail: Guard, text: str) -> Checked:
        """One guardrail's word, recorded; where it has tripped, told."""
        run = self._context.run
        span = self._recorder.open(
            "guardrail", guardrail["name"], input={"stage": guardrail["type"], "characters": len(text)}
        )
        credential = guardrail.get("credential_id")
        context = CheckContext(
            workspace_id=run.workspace_id, actor_id=run.actor_id or UUID(int=0), stage=guardrail["type"], name=guardrail["name"],
            run_id=run.id, agent_id=run.agent_id, credential_id=UUID(credential) if credential else None,
            values={"context": run.input.get("context") or {}, "user": {"name": run.actor_name}, "message": run.input.get("message", "")},
            judge=self.judge.verdict if self.judge else None, outbound=self._outbound,
        )  # fmt: skip
        with self._recorder.below(span):
            found = await check(guardrail, text, context)
        verdict = found.verdict
        error = {"code": "guardrail_failed", "error": verdict.message} if verdict.failed else None
        if verdict.tripped and guardrail["action"] != WARN:
            error = error or {"code": "guardrail_tripped", "error": found.message}
        told = {
            "tripped": verdict.tripped, "action": guardrail["action"], "kind": guardrail["implementation"], "found": verdict.found,
            "message": verdict.message, "info": verdict.info, "duration_ms": round(found.seconds * 1000, 3),
        }  # fmt: skip
        self._recorder.close(span, told, error)
        if verdict.tripped:
            self._tell(found)
        return found

    def _tell(self, found: Checked) -> None:
        guardrail, run = found.guardrail, self._context.run
        tripped = Tripped(
            guardrail_id=str(guardrail["id"]), name=guardrail["name"], stage=guardrail["type"], action=guardrail["action"],
            message=found.message,
        )  # fmt: skip
        self._context.log.append(events.GUARDRAIL_TRIPPED, **tripped.shown())
        run.metadata = {**run.metadata, "guardrails": [*run.metadata.get("guardrails", []), tripped.shown()][-50:]}

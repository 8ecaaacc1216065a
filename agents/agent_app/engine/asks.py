"""Agents and models that a tool asks: within the run, on its bill and in its trace, and shown to nobody."""

from typing import TYPE_CHECKING, Any

from agents import ModelSettings, RunConfig, Runner, ToolExecutionConfig
from agents.exceptions import MaxTurnsExceeded, ModelBehaviorError, ModelRefusalError
from agents.models.interface import ModelTracing
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from agent_app import model_references
from agent_app.definition.tool_checks import MOST_DEPTH
from agent_app.engine.approvals import NeedsApproval
from agent_app.engine.frames import Frame
from agent_app.engine.guardrails import Stopped
from agent_app.engine.held_spans import HeldSpans
from agent_app.engine.member import Member
from agent_app.engine.pictures import newest
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.providers.named import NoNamedModels
from agent_app.engine.providers.select import model_for, route_of
from agent_app.engine.recorded_models import RecordedModel
from agent_app.engine.routing import Route
from agent_app.engine.sink import Sink
from agent_app.engine.tracing import Recorder
from agent_app.model_references import ResolvedModel
from agent_app.models import Run
from agent_app.runs.registry import RunContext, RunFailure
from agent_app.tools.registry import ToolFailed
from config.lib.db import in_db
from config.lib.errors import AppError

if TYPE_CHECKING:
    from agent_app.engine.build import Team
    from agent_app.engine.checkpoints import Checkpoints
    from agent_app.engine.tools import Toolbox

MAX_TURNS = 10
RUN_CONFIG = RunConfig(
    model_provider=NoNamedModels(), tracing_disabled=True, trace_include_sensitive_data=False,
    tool_not_found_behavior="return_error_to_model",
    tool_execution=ToolExecutionConfig(max_function_tool_concurrency=8), call_model_input_filter=newest,
)  # fmt: skip


class TeamAsks:
    """See ``tools.registry.Asks``. ``team``, ``toolbox`` and ``checkpoints`` are set once they are there."""

    team: "Team"
    toolbox: "Toolbox"
    checkpoints: "Checkpoints"

    def __init__(self, context: RunContext, sink: Sink, recorder: Recorder) -> None:
        self._context = context
        self._sink = sink
        self._recorder = recorder

    async def agent(self, agent_id: str, message: str, *, call_id: str) -> Any:
        member = self.team.members.get(agent_id)
        if member is None:
            raise ToolFailed("This agent is not there any more.", code="agent_gone")
        above = self.toolbox.frames.current
        if len(above.path) >= MOST_DEPTH:
            raise ToolFailed(f"Agents may call each other {MOST_DEPTH} deep at most.", code="too_deep")
        caller = self.team.members[above.agent_id].agent.name
        with self.toolbox.frames.within(call_id, agent_id=agent_id, message=message, caller=caller) as frame:
            frame.context.update(self.team.context)
            try:
                return await self._conversation(frame, member)
            except NeedsApproval:
                above.waits = True
                raise
            except BaseException:
                self.toolbox.gate.forget(frame)
                raise

    async def _conversation(self, frame: Frame, member: Member) -> Any:
        """The agent's answer. Raises ToolFailed, and NeedsApproval where people must be asked first."""
        output: Any = None
        failure: dict[str, str] | None = {"code": "cancelled", "error": ""}
        begins = frame.kept is None
        self._recorder.hold(HeldSpans(said=not begins) if self.team.guards.may_withhold(member.agent_id) else None)
        speaker = member if begins else self.team.members.get(frame.agent_id, member)
        self._recorder.agent_starts(speaker.agent.name, speaker.agent_id, {}, answers=frame.call_id)
        try:
            with self._sink.silent():
                output = await self._checked(frame, member)
            failure = None
        except ToolFailed as error:
            failure = {"code": error.code, "error": error.message}
            raise
        except NeedsApproval:
            self._recorder.agent_waits(frame.call_id)
            raise
        finally:
            self._recorder.agent_ends(output, failure)
        return output

    async def _checked(self, frame: Frame, member: Member) -> Any:
        """What its own guardrails leave of the agent's answer, to what they have left of the message. What one of them stops is
        told to whoever has asked. All of the input's come first, since nobody waits here for a first word."""
        guards = self.team.guards
        withheld = True
        try:
            with guards.within(frame.speakers):
                speaker, items = await self._begun(frame, member)
                said = await self._answer(frame, speaker, items)
                left = await guards.answers(frame.speakers, said)
                withheld = left is not said
                return left
        except Stopped as error:
            raise ToolFailed(error.shown, code=error.code) from error
        finally:
            self._recorder.let_go(withheld=withheld)

    async def _begun(self, frame: Frame, member: Member) -> tuple[Member, list[Any]]:
        """Who speaks, to what."""
        if frame.kept is None:
            items = await self.team.guards.enter(member.agent_id, [{"role": "user", "content": frame.message}])
            self._recorder.given({"items": items})
            return member, items
        resumed = await self.checkpoints.resume_within(frame)
        self._recorder.given({"items": resumed.items[-1:], "attempt": self._context.run.attempt})
        return resumed.member, resumed.items

    async def _answer(self, frame: Frame, member: Member, items: list[Any]) -> Any:
        try:
            if frame.turns >= MAX_TURNS:
                raise MaxTurnsExceeded("no turn is left")
            result = await Runner.run(
                member.agent, items, context=frame.context, max_turns=MAX_TURNS - frame.turns, run_config=RUN_CONFIG
            )
        except ProviderError as error:
            raise ToolFailed(error.message, code=error.code) from error
        except MaxTurnsExceeded as error:
            raise ToolFailed(f"The agent used all of its {MAX_TURNS} turns.", code="max_turns") from error
        except (ModelRefusalError, ModelBehaviorError) as error:
            # Nobody has checked what the error quotes.
            quoted = "" if self.team.guards.may_withhold(member.agent_id) else f": {error}"
            raise ToolFailed(f"The agent's answer could not be used{quoted}", code="invalid_output") from error
        return result.final_output

    async def model(self, reference: str, prompt: str, *, temperature: float | None, max_tokens: int | None) -> str:
        try:
            resolved, route = await in_db(_route, self._context.run, reference)
            model = RecordedModel(model_for([route], self._sink), resolved.reference, self._sink, self._recorder)
            with self._sink.silent():
                response = await model.get_response(
                    None, [{"role": "user", "content": prompt}],
                    ModelSettings(temperature=temperature, max_tokens=max_tokens), [], None, [], ModelTracing.DISABLED,
                    previous_response_id=None, conversation_id=None, prompt=None,
                )  # fmt: skip
        except ProviderError as error:
            raise ToolFailed(error.message, code=error.code) from error
        except RunFailure as error:
            raise ToolFailed(error.error, code=error.code) from error
        parts = [part for item in response.output if isinstance(item, ResponseOutputMessage) for part in item.content]
        return "".join(part.text for part in parts if isinstance(part, ResponseOutputText))


def _route(run: Run, reference: str) -> tuple[ResolvedModel, Route]:
    """Raises RunFailure."""
    try:
        resolved = model_references.resolve(workspace_id=run.workspace_id, reference=reference)
    except AppError as error:
        raise RunFailure("tool_error", error.detail, code=error.error_code) from error
    return resolved, route_of(run, resolved)

"""Running an agent: the pinned definition becomes SDK agents, and what happens becomes the run's outcome."""

from dataclasses import replace
from typing import Any

from agents import Runner, set_tracing_disabled
from agents.exceptions import MaxTurnsExceeded, ModelBehaviorError, ModelRefusalError
from django.utils.translation import gettext as _

from agent_app.engine.asks import MAX_TURNS, RUN_CONFIG, TeamAsks
from agent_app.engine.build import Team, build
from agent_app.engine.checkpoints import Checkpoints, Resumed
from agent_app.engine.guardrails import Guards, Stopped
from agent_app.engine.output_types import InvalidAnswer
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.sink import Sink
from agent_app.engine.summaries import prepare
from agent_app.engine.tool_calls import StopRun
from agent_app.engine.tools import Toolbox
from agent_app.engine.tracing import Recorder
from agent_app.models import RunStatus
from agent_app.runs.registry import Outcome, Paused, RunContext, RunFailure
from config.lib.errors import NotEnoughCredits

# Otherwise the SDK would send prompts and answers to OpenAI as soon as a key is in the environment.
set_tracing_disabled(True)
_REPAIR = (
    "Your answer does not fit the required format:\n%s\nAnswer again, with nothing but JSON that fits the schema:\n%s"
)


class Execution:
    """One agent run on its worker."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._sink = Sink(context)
        self._recorder = Recorder(context.produced)
        self._guards: Guards | None = None
        self._checkpoints: Checkpoints | None = None

    async def outcome(self) -> Outcome:
        """How it ended. Raises RunFailure, and Paused; whatever was said until then is in ``context.produced``."""
        failure: dict[str, str] | None = {"code": "cancelled", "error": ""}
        output: Any = None
        over = True
        try:
            found = await self._checked(await self._ended())
            failure = {"code": found.code, "error": str(found.error)} if found.error else None
            output = found.output
        except Stopped as error:
            failure = {"code": error.code, "error": error.error}
            if self._guards is not None:
                self._guards.withhold(error)
            raise
        except RunFailure as error:
            failure = {"code": error.code, "error": error.error}
            raise
        except Paused as paused:
            over = False
            if self._checkpoints is not None:
                paused.state, paused.spans = self._checkpoints.paused(), self._recorder.waiting.waiting
            raise
        finally:
            if self._guards is not None and over:
                self._guards.leave_at_once()
            self._recorder.let_go(withheld=bool(self._context.produced.text))  # what is left now, nobody has checked
            if over:
                self._recorder.agent_ends(output, failure)
            else:
                self._recorder.agent_waits("")
        return found

    async def _checked(self, found: Outcome) -> Outcome:
        """The outcome with what the guardrails leave of the answer, whole or not. Raises Stopped."""
        if self._guards is None:
            return found
        try:
            output = await self._guards.leave(found.output)
        except NotEnoughCredits as error:
            raise Stopped("output", _("The answer could not be checked: %(why)s") % {"why": error.detail}) from error
        return replace(found, output=output)

    async def _ended(self) -> Outcome:
        try:
            output = await self._answer()
        except NotEnoughCredits as error:
            return Outcome(status=RunStatus.PARTIAL, reason="credits", code="credits", error=error.detail)
        except ProviderError as error:
            raise RunFailure("provider_error", error.message, code=error.code, cause=error.cause) from error
        except MaxTurnsExceeded:
            return Outcome(
                status=RunStatus.PARTIAL, reason="max_turns", code="max_turns",
                error=_(
                    "The agent used all of its %(most)d turns. Its trace shows where it goes in circles; say in the instructions when "
                    "it is done."
                ) % {"most": MAX_TURNS},
            )  # fmt: skip
        except ModelRefusalError as error:
            text = _("The model refused to answer: %(why)s Ask in other words, or choose another model.")
            raise RunFailure("provider_error", text % {"why": _sentence(error)}, code="refusal") from error
        except InvalidAnswer as error:
            if not self._sink.truncated:
                text = _(
                    "The answer does not have the form of the agent's output type: %(why)s "
                    "Make the output type simpler, say in the instructions what belongs in it, or choose a stronger model."
                )
                raise RunFailure("invalid_output", text % {"why": self._why(error)}) from error
        except ModelBehaviorError as error:
            text = _("The model's answer could not be used: %(why)s Try again, or choose another model.")
            raise RunFailure("provider_error", text % {"why": _sentence(error)}) from error
        if self._sink.truncated:
            return Outcome(
                status=RunStatus.PARTIAL, reason="max_tokens", code="max_tokens",
                error=_("The answer reached the limit of tokens and was cut there. Raise “max tokens” for longer answers."),
            )  # fmt: skip
        return Outcome(status=RunStatus.SUCCEEDED, output=output)

    def _why(self, error: InvalidAnswer) -> str:
        """What is wrong with an answer quotes it: not where nobody has checked it."""
        if self._guards is not None and self._guards.may_withhold_any:
            return _("It does not fit the type.")
        return _sentence("; ".join(error.problems))

    async def _answer(self) -> Any:
        """The last agent's answer, to what its guardrails have let through. When it is over, so is everything that was begun for it."""
        asks = TeamAsks(self._context, self._sink, self._recorder)
        toolbox = Toolbox(self._context, self._recorder, asks=asks)
        try:
            return await self._said(asks, toolbox)
        finally:
            await toolbox.ended()

    async def _said(self, asks: TeamAsks, toolbox: Toolbox) -> Any:
        team = asks.team = await build(self._context, self._sink, self._recorder, toolbox)
        self._guards = team.guards
        checkpoints = self._checkpoints = Checkpoints(self._context, self._sink, self._recorder, toolbox, team)
        asks.toolbox, asks.checkpoints = toolbox, checkpoints
        if await checkpoints.load():
            return await self._run_well(team, checkpoints, [])  # what was asked is in it, and was checked
        given = await prepare(self._context, self._sink, team.root.model.apart(), budget=team.root.budget)
        self._recorder.agent_starts(team.root.agent.name, team.root.agent_id, {})
        items = await team.guards.enter(team.root.agent_id, given, first=True)
        self._recorder.given({"items": items[-1:]})
        return await team.guards.beside(self._run_well(team, checkpoints, items), team.root.agent_id, items)

    async def _run_well(self, team: Team, checkpoints: Checkpoints, items: Any) -> Any:
        """An answer that does not fit its output type may be given anew, once."""
        speaker = team.root
        try:
            if (resumed := await self._resumed(checkpoints, items)) is not None:
                speaker, items = resumed.member, resumed.items
                team.guards.speaks(speaker.agent_id)
            return await self._run(team, speaker.agent, items, MAX_TURNS - self._context.produced.turns)
        except InvalidAnswer as error:
            speaker = team.member(error.run_data.last_agent) if error.run_data else team.root
            left = MAX_TURNS - self._context.produced.turns
            if self._sink.truncated or left < 1:
                raise
            schema = speaker.agent.output_type.json_schema()  # type: ignore[union-attr]  # only agents with one raise this
            asked = _REPAIR % ("\n".join(f"- {problem}" for problem in error.problems), schema)
            self._sink.start_over("invalid_output")
            team.guards.start_over()
            again = [*speaker.model.asked, *speaker.model.said, {"role": "user", "content": asked}]
            return await self._run(team, speaker.agent, again, left)

    async def _run(self, team: Team, agent: Any, items: Any, turns: int) -> Any:
        if turns < 1:
            raise MaxTurnsExceeded("no turn is left")
        try:
            result = await Runner.run(agent, items, context=team.context, max_turns=turns, run_config=RUN_CONFIG)
        except StopRun as stopped:
            raise stopped.cause from stopped
        handed_over = result.last_agent is not agent
        if handed_over or result.last_agent.output_type is not None:
            return result.final_output
        return self._context.produced.content

    async def _resumed(self, checkpoints: Checkpoints, start: Any) -> Resumed | None:
        """Where an earlier worker has left the run. Raises what ends it."""
        checkpoints.watch(start)
        try:
            return await checkpoints.resume(start)
        except StopRun as stopped:
            raise stopped.cause from stopped


def _sentence(why: object) -> str:
    """What stands in the middle of a message ends like a sentence."""
    text = str(why).strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


async def execute(context: RunContext) -> Outcome:
    """Execute one agent run. Raises RunFailure."""
    return await Execution(context).outcome()

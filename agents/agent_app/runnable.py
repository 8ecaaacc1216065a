"""Agents as something that can be run. Loads the engine only in workers: web processes never import the SDK."""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from agent_app import access, calls, model_references, selectors
from agent_app.models import AgentStatus, Message, Run
from agent_app.runs.registry import ModelCall, Outcome, Produced, RunContext, RunInput
from agent_app.services.agents import agent_snapshot
from agent_app.services.conversations import answer_store, message_add
from community.access import Actor
from config.lib.errors import Conflict, InvalidInput, NotFound

ENGINE = "agent_app.engine.execute.execute"
MAX_MESSAGE = 200_000


class AgentRunnable:
    """See ``runs.registry.Runnable``."""

    def plan(self, run_id: UUID, *, actor: Actor, object_id: UUID, run_input: RunInput, source: str) -> Run:
        agent = access.get_agent(actor, object_id, "agent.run")
        self._check(run_input)
        if agent.status in (AgentStatus.INACTIVE, AgentStatus.ARCHIVED):
            raise Conflict(
                _("This agent is %(status)s and cannot be run.") % {"status": agent.status}, code="agent_inactive"
            )
        resolved = model_references.resolve(
            workspace_id=actor.workspace_id, reference=run_input.model or agent.model, provider_id=run_input.provider_id
        )
        message = message_add(
            actor=actor, agent=agent, text=run_input.message, conversation_id=run_input.conversation_id,
            parent_message_id=run_input.parent_message_id, run_id=run_id, draft=source == "test",
        )  # fmt: skip
        return Run(
            id=run_id, workspace_id=actor.workspace_id, kind="agent", agent=agent, snapshot=agent_snapshot(agent=agent),
            conversation_id=message.conversation_id, user_message=message, input={"message": run_input.message},
            model=resolved.reference, provider=resolved.provider, metadata=run_input.metadata, source=source,
            actor_id=actor.id, actor_name=actor.user.display_name[:120],
        )  # fmt: skip

    @staticmethod
    def _check(run_input: RunInput) -> None:
        if not run_input.message.strip():
            raise InvalidInput(errors={"message": [_("Write a message.")]})
        if len(run_input.message) > MAX_MESSAGE:
            raise InvalidInput(
                errors={"message": [_("A message has at most %(most)d characters.") % {"most": MAX_MESSAGE}]}
            )
        if run_input.version not in (None, "draft"):
            raise NotFound(_("This agent has no published version %(version)s.") % {"version": run_input.version})
        if run_input.context_id is not None:
            raise NotFound(_("This agent has no such context."))
        if run_input.attachments:
            raise NotFound(_("There is no such file."))

    def first_call(self, run: Run) -> ModelCall | None:
        agent = run.agent
        if agent is None:
            raise ValueError("an agent's run has an agent")
        return calls.model_call(
            run,
            lambda: calls.prompt_tokens(agent.instructions, self._history(run)),
            (agent.model_settings or {}).get("max_tokens"),
        )

    def load(self, run: Run) -> tuple[dict[str, Any], list[Message]]:
        if run.snapshot is None:
            raise ValueError("an agent's run has a snapshot")
        return run.snapshot.definition, self._history(run)

    @staticmethod
    def _history(run: Run) -> list[Message]:
        """The branch of the conversation that the run answers."""
        message = run.user_message
        if message is None:
            return []
        if message.parent_id is None or run.conversation_id is None:
            return [message]
        messages = list(Message.objects.filter(conversation_id=run.conversation_id))
        return selectors.path_to(message.id, messages)

    async def execute(self, context: RunContext) -> Outcome:
        engine = cast(Callable[[RunContext], Awaitable[Outcome]], import_string(ENGINE))
        return await engine(context)

    def conclude(self, run: Run, outcome: Outcome, produced: Produced) -> None:
        if run.conversation_id is None or not (produced.text or outcome.status == "succeeded"):
            return
        usage = produced.usage
        answer_store(
            run=run, content=produced.content, reasoning="".join(produced.reasoning), complete=outcome.status == "succeeded",
            usage={
                "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
                "cached_tokens": usage.cached_tokens, "reasoning_tokens": usage.reasoning_tokens,
                "credits": f"{produced.credits:.4f}",
            },
        )  # fmt: skip

"""Agents as something that can be run. Loads the engine only in workers: web processes never import the SDK."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from agent_app import access, agent_files, attachments, calls, keys, model_references, selectors
from agent_app.auto import AUTO, task_for
from agent_app.auto_task import task_of
from agent_app.definition.choice import version_for
from agent_app.definition.content import PREFETCH, contexts_of, default_context
from agent_app.definition.instructions import filled, variables
from agent_app.definition.sources import OFF, check_runs
from agent_app.expressions import ExpressionError
from agent_app.guardrails.frozen import guarded, sent_along
from agent_app.guardrails.registry import INPUT
from agent_app.models import Message, Run
from agent_app.runs import limits
from agent_app.runs.registry import ModelCall, Outcome, Produced, RunContext, RunFailure, RunInput
from agent_app.services.agents import agent_snapshot
from agent_app.services.conversations import answer_store, message_add, message_replace, message_withhold
from community.access import Actor
from config.lib.errors import Conflict, InvalidInput, NotFound

ENGINE = "agent_app.engine.execute.execute"
MAX_MESSAGE = 200_000


class AgentRunnable:
    """See ``runs.registry.Runnable``."""

    def plan(self, run_id: UUID, *, actor: Actor, object_id: UUID, run_input: RunInput, source: str) -> Run:
        agent = access.get_agent_to_run(actor, object_id)
        self._check(run_input)
        if agent.status in OFF:
            raise Conflict(
                _("This agent is %(status)s and cannot be run.") % {"status": agent.get_status_display().lower()},
                code="agent_inactive",
            )
        limits.check_agent(agent)
        version = version_for(actor, agent, run_input.version, source)
        if version is None:
            prefetch_related_objects([agent], *PREFETCH)
        snapshot = version.snapshot if version else agent_snapshot(agent=agent)
        reference = run_input.model or snapshot.definition["model"]
        resolved = model_references.resolve(
            workspace_id=actor.workspace_id, reference=reference, provider_id=run_input.provider_id,
            task=(task_of(snapshot.definition, run_input) if reference == AUTO else task_for(snapshot.definition)),
        )  # fmt: skip
        routing = {"routing": [{"model": resolved.reference, "why": resolved.why}]} if resolved.why else {}
        check_runs(actor.workspace_id, snapshot.definition, resolved)
        context = self._context(version.content if version else {"contexts": contexts_of(agent)}, run_input.context_id)
        files = attachments.chosen(actor, run_input.attachments or ())
        attachments.check(files, resolved)
        message = message_add(
            actor=actor, agent=agent, text=run_input.message, conversation_id=run_input.conversation_id,
            parent_message_id=run_input.parent_message_id, run_id=run_id, draft=source == "test",
            attachments=None if run_input.attachments is None else [file.id for file in files],
        )  # fmt: skip
        if message.attachments and run_input.attachments is None:  # answered again, perhaps by a model that sees less
            attachments.check(selectors.files_of([message]).values(), resolved)
        planned = Run(
            id=run_id, workspace_id=actor.workspace_id, kind="agent", agent=agent, snapshot=snapshot,
            version=version.number if version else None, conversation_id=message.conversation_id, user_message=message,
            input={"message": run_input.message} | ({} if context is None else {"context": context})
            | ({"agent_files": True} if getattr(agent, "has_files", False) else {}),  # else nobody asks for them
            model=resolved.reference, provider=resolved.provider, metadata=run_input.metadata | routing, source=source,
            actor_id=actor.id, actor_name=actor.user.display_name[:120],
        )  # fmt: skip
        return keys.assign(planned, resolved)

    @staticmethod
    def _check(run_input: RunInput) -> None:
        if not run_input.message.strip():
            raise InvalidInput(errors={"message": [_("Write a message.")]})
        if len(run_input.message) > MAX_MESSAGE:
            raise InvalidInput(
                errors={"message": [_("A message has at most %(most)d characters.") % {"most": MAX_MESSAGE}]}
            )

    @staticmethod
    def _context(content: dict[str, Any], context_id: UUID | None) -> dict[str, Any] | None:
        """The values of the asked context, else of the default one."""
        if context_id is None:
            default = default_context(content)
            return None if default is None else default["content"]
        for context in content["contexts"]:
            if context["id"] == str(context_id):
                return cast(dict[str, Any], context["content"])
        raise NotFound(_("This agent has no such context."))

    def first_call(self, run: Run) -> ModelCall | None:
        if run.snapshot is None:
            raise ValueError("an agent's run has a snapshot")
        definition = run.snapshot.definition

        def most() -> int:
            said = self._history(run)
            resolved = model_references.of_run(run) if any(message.attachments for message in said) else None
            told = calls.prompt_tokens(definition["instructions"], said, definition.get("history"), resolved)
            return told + self._files_tokens(run) + calls.tool_tokens(definition)

        return calls.model_call(run, most, (definition["model_settings"] or {}).get("max_tokens"))

    @staticmethod
    def _files_tokens(run: Run) -> int:
        """What the agent's own files cost at most; nothing is asked where it has none."""
        if not run.input.get("agent_files") or run.agent_id is None:
            return 0
        rows = agent_files.rows_of(run.workspace_id, [run.agent_id])
        return sum(plan.tokens for plan in agent_files.planned(rows, model_references.of_run(run)))

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
        return sent_along(selectors.path_to(message.id, messages))

    async def execute(self, context: RunContext) -> Outcome:
        context.definition = await asyncio.to_thread(self._fill_in, context)
        engine = cast(Callable[[RunContext], Awaitable[Outcome]], import_string(ENGINE))
        return await engine(context)

    @staticmethod
    def _fill_in(context: RunContext) -> dict[str, Any]:
        """The definition with its instructions as the model reads them. The same whichever worker takes the run."""
        run = context.run
        values = variables(user_name=run.actor_name, now=run.created_at, context=run.input.get("context") or {})
        try:
            return filled(context.definition, values)
        except ExpressionError as error:
            raise RunFailure("error", error.message, code="instructions") from error

    @staticmethod
    def _conclude_message(run: Run, produced: Produced) -> None:
        """What the guardrails have made of the person's message. One that they have not let through is given to no model later."""
        message = run.user_message
        if message is None:
            return
        if produced.asked is not None:
            message_replace(message=message, run=run, content=produced.asked)
        withheld = guarded(run, INPUT) and INPUT not in produced.passed
        if withheld != message.withheld:
            message_withhold(message=message, withheld=withheld)

    def conclude(self, run: Run, outcome: Outcome, produced: Produced) -> None:
        self._conclude_message(run, produced)
        if run.conversation_id is None or not (produced.text or outcome.status == "succeeded"):
            return
        usage = produced.usage
        answer_store(
            run=run, content=produced.content, reasoning="".join(produced.reasoning), complete=outcome.status == "succeeded",
            agent_name=produced.agent_name,
            usage={
                "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
                "cached_tokens": usage.cached_tokens, "reasoning_tokens": usage.reasoning_tokens,
                "credits": f"{produced.credits:.4f}",
            },
        )  # fmt: skip

"""Tools: those of the workspace's library, those of one agent, and every call of one in a run."""

import json
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community.models import WorkspaceQuerySet, WorkspaceRecord
from config.lib.ids import parse_uuid


class ToolContent(WorkspaceRecord):
    """What a tool is (contract: T). Its secrets lie in the credential; here are neither they nor anything of them."""

    name = models.CharField(max_length=64, blank=True, help_text=_("What models call it."))
    description = models.TextField(max_length=2000, blank=True, help_text=_("Models read it to decide."))
    type = models.CharField(max_length=24, blank=True)
    params = models.JSONField(default=dict)
    credential_id = models.UUIDField(null=True, blank=True, editable=False)
    approval = models.JSONField(null=True, blank=True, help_text=_("never, always, or an object with when."))
    max_calls = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("In one run. Empty: no own limit."))
    timeout_s = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("For one call. Empty: the type's own.")
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        abstract = True


class ToolQuerySet(WorkspaceQuerySet["Tool"]):
    def search(self, text: str) -> Self:
        """Tools with every word of ``text`` in their name or description."""
        rows = self
        for word in text.split():
            rows = rows.filter(models.Q(name__icontains=word) | models.Q(description__icontains=word))
        return rows


class Tool(ToolContent):
    """A tool of the workspace's library: agents refer to it, and follow its changes until they are published."""

    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")
    updated_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = ToolQuerySet.as_manager()  # type: ignore[misc]  # more than the base class's

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="tool_name_unique")]

    def __str__(self) -> str:
        return self.name


class AgentTool(ToolContent):
    """A part of its agent's draft: written through the agent, in the order of ``position``.

    One with ``tool`` is the library's: its own content is empty, but for what the agent has otherwise than the library.
    """

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="tools")
    tool = models.ForeignKey(Tool, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name or str(self.tool_id)


class ToolCallStatus(models.TextChoices):
    STARTED = "started", _("Started")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Outcome unknown")
    REFUSED = "refused", _("Refused")


class ToolCall(WorkspaceRecord):
    """One call of a tool, written before it is made: whoever takes over the run of a dead worker reads here what was begun."""

    run = models.ForeignKey("agents.Run", on_delete=models.CASCADE, related_name="tool_calls")
    call_id = models.CharField(max_length=120)
    agent_id = models.UUIDField(null=True, help_text=_("Whose call it is; kept when the agent is gone."))
    tool_id = models.UUIDField(null=True, help_text=_("The tool of the agent or of the library."))
    tool_name = models.CharField(max_length=64)
    tool_type = models.CharField(max_length=24)
    arguments = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=ToolCallStatus.choices, default=ToolCallStatus.STARTED)
    result = models.TextField(blank=True, help_text=_("What the model was given, capped."))
    result_bytes = models.PositiveIntegerField(default=0, help_text=_("How much there was."))
    details = models.JSONField(default=dict, help_text=_("What people see beside the result."))
    error = models.JSONField(default=dict, help_text=_("code and message."))
    idempotent = models.BooleanField(default=False, help_text=_("May be called again where its worker died."))
    credits = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    attempt = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "call_id"], name="tool_call_once"),
            models.CheckConstraint(name="tool_call_status_known", condition=models.Q(status__in=ToolCallStatus.values)),
            models.CheckConstraint(
                name="tool_call_ended_has_time",
                condition=models.Q(status="started") | models.Q(ended_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["agent_id", "-started_at"], name="tool_call_of_agent")]

    def __str__(self) -> str:
        return f"{self.tool_name} {self.call_id} {self.status}"

    @property
    def is_error(self) -> bool:
        return self.status not in (ToolCallStatus.STARTED, ToolCallStatus.SUCCEEDED)

    @property
    def is_cut(self) -> bool:
        """Whether the row has only the beginning; the whole is in the file storage (``runs/bodies.py``)."""
        return self.result_bytes > len(self.result.encode())

    @property
    def files(self) -> list[dict[str, str]]:
        """The files that the call has made, by what it has answered: id and name."""
        try:
            said = json.loads(self.result) if self.result[:1] == "{" else {}
        except ValueError:  # its beginning only
            return []
        made = [said.get("file"), *(said["files"] if isinstance(said.get("files"), list) else [])]
        if "file_id" in said:
            made.append({"id": said["file_id"], "name": said.get("name")})
        found = [
            (parse_uuid(str(each.get("id"))), str(each.get("name") or "")) for each in made if isinstance(each, dict)
        ]
        return [{"id": str(file_id), "name": name} for file_id, name in found if file_id]

    @property
    def duration_ms(self) -> int:
        if self.ended_at is None:
            return 0
        return max(0, round((self.ended_at - self.started_at).total_seconds() * 1000))


class RunCheckpoint(WorkspaceRecord):
    """Where a run can go on if its worker dies: what its model was last given and said, encrypted. Gone with the run's end."""

    run = models.OneToOneField("agents.Run", on_delete=models.CASCADE, related_name="checkpoint")
    state_encrypted = models.TextField(editable=False)

    def __str__(self) -> str:
        return f"checkpoint of {self.run_id}"

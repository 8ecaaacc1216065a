"""Published versions of agents: numbered, and never changed again."""

from django.db import models

from community.models import WorkspaceRecord


class AgentVersion(WorkspaceRecord):
    """``content`` is all that the draft said, ``snapshot`` what runs of this version execute, ``pins`` the versions of the
    handoff targets in it by their agents' ids. PostgreSQL refuses to change a row."""

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    pins = models.JSONField(default=dict)
    snapshot = models.ForeignKey("agents.AgentSnapshot", on_delete=models.RESTRICT, related_name="+")
    notes = models.TextField(blank=True, max_length=2000)
    published_by = models.ForeignKey("community.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "number"], name="agent_version_number_unique")]

    def __str__(self) -> str:
        return f"{self.agent_id} v{self.number}"

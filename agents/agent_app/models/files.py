"""Files that belong to an agent: its model is given them (``agent_files.py``), whoever talks to it."""

from django.db import models

from community.models import WorkspaceRecord

DESCRIPTION = 500  # characters


class AgentFile(WorkspaceRecord):
    """Stays live under published versions, as knowledge does: a version says what the agent does, not what it reads."""

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="files")
    file = models.ForeignKey("community.StoredFile", on_delete=models.CASCADE, related_name="+")
    description = models.CharField(max_length=DESCRIPTION, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "file"], name="agent_file_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.file_id}"

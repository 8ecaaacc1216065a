"""Removing secrets that nothing needs any more."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from agent_app.models import ACTIVE, AgentTool, Credential, Guardrail, Integration, Tool
from config.lib import audit

_KEPT = timedelta(days=1)  # a form that is open, a run that is being started
_USERS = (Tool, AgentTool, Guardrail, Integration)


def credentials_sweep(*, batch: int = 500) -> int:
    """Remove credentials that no tool or guardrail has, no version and no run under way. Answers how many."""
    old = Credential.objects.filter(updated_at__lt=timezone.now() - _KEPT)
    rows = {row.id: row for row in _unused(old).order_by("updated_at")[:batch]}
    gone = 0
    for credential_id in rows.keys() - _frozen({row.workspace_id for row in rows.values()}):
        deleted, _each = _unused(Credential.objects.filter(id=credential_id)).delete()
        if deleted:
            gone += 1
            _record(rows[credential_id])
    return gone


def _unused(rows: "QuerySet[Credential]") -> "QuerySet[Credential]":
    for model in _USERS:
        rows = rows.exclude(Exists(model._default_manager.filter(credential_id=OuterRef("id"))))
    return rows


def _frozen(workspace_ids: Collection[UUID]) -> set[UUID]:
    """What versions and runs under way may still call with."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT (found #>> '{}')::uuid FROM (
                SELECT jsonb_path_query(content, '$.**.credential_id') AS found
                FROM agents_agentversion WHERE workspace_id = ANY(%(workspaces)s)
                UNION ALL
                SELECT jsonb_path_query(definition, '$.**.credential_id') FROM agents_agentsnapshot AS snapshot
                WHERE workspace_id = ANY(%(workspaces)s) AND (
                    EXISTS (SELECT 1 FROM agents_agentversion WHERE snapshot_id = snapshot.id)
                    OR EXISTS (SELECT 1 FROM agents_run WHERE snapshot_id = snapshot.id AND status = ANY(%(active)s))
                )
            ) AS every WHERE jsonb_typeof(found) = 'string'
            """,
            {"workspaces": list(workspace_ids), "active": [str(each) for each in ACTIVE]},
        )
        return {found for (found,) in cursor.fetchall()}


def _record(row: Credential) -> None:
    audit.record(
        audit.Entry(
            action="credential.removed", actor_id=None, workspace_id=row.workspace_id, object_type="credential",
            object_id=row.id, before={"kind": row.kind, "audience": row.audience, "set": sorted(row.hints)},
        )
    )  # fmt: skip

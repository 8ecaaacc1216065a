"""The audit log of the workspace."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import selectors
from community.api.authentication import identify
from community.api.serializers_members import AuditOutput, PersonOutput
from community.models import AuditEntry
from config.lib import lists


class AuditView(APIView):
    @lists.describe(
        "audit_list",
        AuditOutput,
        tags=["people"],
        orderings=lists.BY_AGE,
        filters=[
            lists.parameter("actor", OpenApiTypes.UUID),
            lists.parameter("action", description="`member.removed`, or all of a kind: `member.*`"),
            lists.parameter("object_type"),
            lists.parameter("object", OpenApiTypes.UUID),
            lists.parameter("since", description="A date, or a date with time; included."),
            lists.parameter("until", description="A date, or a date with time; not included."),
        ],
    )
    def get(self, request: Request) -> Response:
        """What was done, newest first. Admins and owners."""
        rows = selectors.audit_list(
            identify(request),
            actor_id=lists.identifier(request, "actor"),
            action=lists.text(request, "action"),
            object_type=lists.text(request, "object_type"),
            object_id=lists.identifier(request, "object"),
            since=lists.moment(request, "since"),
            until=lists.moment(request, "until"),
        )
        rows = rows.order_by(lists.by_age(request))
        return lists.answer(request, rows, AuditOutput, _people)


def _people(page: list[AuditEntry]) -> dict[str, Any]:
    """Each person once: a page is often the work of one."""
    found = selectors.people_by_id({entry.actor_id for entry in page if entry.actor_id})
    return {"people": {person_id: dict(PersonOutput(person).data) for person_id, person in found.items()}}

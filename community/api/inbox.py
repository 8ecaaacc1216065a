"""What waits for the signed-in person, from every app that has something."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import registry, selectors
from community.api.authentication import identify
from community.api.serializers_notifications import DismissInput, InboxItemSerializer
from community.services import inbox
from config.lib import lists
from config.lib.lists import Pagination


class _Page(Pagination):
    """A page of what several sources hold: they are asked for as many as could be on it, never for all."""

    deepest = 1000

    def page(self, request: Request, view: APIView) -> Response:
        actor = identify(request)
        actor.require("notification.read")
        kind = lists.choice(request, "kind", registry.inbox_sources)
        self.request = request
        self.limit = self.get_limit(request) or self.default_limit
        self.offset = self.get_offset(request)
        if self.offset > self.deepest:
            raise lists.invalid(
                "offset", _("This is a number from %(least)d to %(most)d.") % {"least": 0, "most": self.deepest}
            )
        items, self.count = selectors.inbox_page(actor, kind=kind, offset=self.offset, limit=self.limit)
        rows: Any = InboxItemSerializer(items, many=True)  # type: ignore[arg-type]  # the stubs forget ``many``
        return self.get_paginated_response(rows.data)


class InboxView(APIView):
    pagination_class = Pagination

    @extend_schema(
        operation_id="inbox_list",
        tags=["notifications"],
        parameters=[
            lists.parameter("limit", {"type": "integer", "minimum": 1, "maximum": lists.MAX_OFFSET}),
            lists.parameter("offset", {"type": "integer", "minimum": 0, "maximum": _Page.deepest}),
            lists.parameter("kind", description="`approval`, `invitation` or `failed_run`, as items name it."),
        ],
        responses=InboxItemSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """What is due first, then the newest."""
        return _Page().page(request, self)


class DismissView(APIView):
    @extend_schema(operation_id="inbox_dismiss", tags=["notifications"], request=DismissInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Put an item away that is `dismissible`."""
        actor = identify(request)
        actor.require("notification.write")
        given = DismissInput(data=request.data)
        given.is_valid(raise_exception=True)
        inbox.inbox_dismiss(actor=actor, kind=given.validated_data["kind"], item_id=given.validated_data["id"])
        return Response(status=204)

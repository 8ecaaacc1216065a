"""The signed-in person's notifications, and how they want to be told. Of the workspace asked for, or of none."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import access, selectors
from community.api.authentication import identify
from community.api.serializers_notifications import (
    NotificationSerializer,
    NotificationUpdate,
    PreferencesInput,
    PreferencesSerializer,
    ReadAllSerializer,
)
from community.models import Notification, NotificationKind
from community.services import notifications
from config.lib import lists


class NotificationsView(APIView):
    @lists.describe(
        "notifications_list",
        NotificationSerializer,
        tags=["notifications"],
        search=True,
        orderings=lists.BY_AGE,
        filters=[
            lists.parameter("kind", enum=NotificationKind.values),
            lists.parameter("unread", bool, "Only what is not read."),
            lists.parameter("snoozed", bool, "Also what is put aside until later."),
        ],
    )
    def get(self, request: Request) -> Response:
        actor = identify(request)
        actor.require("notification.read")
        rows = selectors.notification_list(
            actor,
            kind=lists.choice(request, "kind", NotificationKind.values),
            unread=lists.flag(request, "unread") or False,
            snoozed=lists.flag(request, "snoozed") or False,
            workspace_id=actor.workspace_id,
        ).search(lists.text(request))
        rows = rows.order_by(lists.by_age(request))
        return lists.answer(request, rows, NotificationSerializer)


class NotificationView(APIView):
    @extend_schema(operation_id="notifications_read", tags=["notifications"], responses=NotificationSerializer)
    def get(self, request: Request, notification_id: UUID) -> Response:
        return Response(NotificationSerializer(self._find(request, notification_id, "notification.read")).data)

    @extend_schema(
        operation_id="notifications_update",
        tags=["notifications"],
        request=NotificationUpdate,
        responses=NotificationSerializer,
    )
    def patch(self, request: Request, notification_id: UUID) -> Response:
        notification = self._find(request, notification_id, "notification.write")
        given = NotificationUpdate(data=request.data)
        given.is_valid(raise_exception=True)
        changed = notifications.notification_update(notification=notification, changes=given.validated_data)
        return Response(NotificationSerializer(changed).data)

    @staticmethod
    def _find(request: Request, notification_id: UUID, action: str) -> Notification:
        return access.get_notification(identify(request), notification_id, action, everywhere=False)


class ReadAllView(APIView):
    @extend_schema(
        operation_id="notifications_read_all", tags=["notifications"], request=None, responses=ReadAllSerializer
    )
    def post(self, request: Request) -> Response:
        actor = identify(request)
        actor.require("notification.write")
        return Response({"read": notifications.notifications_read_all(actor=actor)})


class PreferencesView(APIView):
    @extend_schema(operation_id="notification_preferences", tags=["notifications"], responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        actor = identify(request)
        actor.require("notification.read")
        return Response({"results": selectors.preference_table(actor.user)})

    @extend_schema(
        operation_id="notification_preferences_update",
        tags=["notifications"],
        request=PreferencesInput,
        responses=PreferencesSerializer,
    )
    def patch(self, request: Request) -> Response:
        actor = identify(request)
        actor.require("notification.write")
        given = PreferencesInput(data=request.data)
        given.is_valid(raise_exception=True)
        notifications.preferences_update(user=actor.user, choices=given.choices())
        return Response({"results": selectors.preference_table(actor.user)})

"""The signed-in person's notifications, and how they want to be told. Of the workspace asked for, or of none."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
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
from config.lib.errors import InvalidInput


class NotificationsView(generics.ListAPIView[Notification]):
    serializer_class = NotificationSerializer
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Notification]:
        if getattr(self, "swagger_fake_view", False):
            return Notification.objects.none()
        actor = identify(self.request)
        actor.require("notification.read")
        query = self.request.query_params
        kind = query.get("kind", "")
        if kind and kind not in NotificationKind.values:
            raise InvalidInput(errors={"kind": [_("There is no such kind.")]})
        return selectors.notification_list(
            actor,
            kind=kind,
            unread=query.get("unread") == "true",
            snoozed=query.get("snoozed") == "true",
            workspace_id=actor.workspace_id,
        )

    @extend_schema(
        operation_id="notifications_list",
        tags=["notifications"],
        parameters=[
            OpenApiParameter("kind", str, enum=NotificationKind.values),
            OpenApiParameter("unread", bool, description="Only what is not read."),
            OpenApiParameter("snoozed", bool, description="Also what is put aside until later."),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


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

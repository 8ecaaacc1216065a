"""Other sites through which the person signs in. Connecting one needs their browser: docs/adr/0017."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import account
from community.account import Connection
from community.api.people import confirmed, person
from community.services import connections
from config.lib import lists


class ConnectedAccountSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="get_provider_account", help_text="What the site calls the account.")
    connected_at = serializers.DateTimeField(source="date_joined")
    last_used_at = serializers.DateTimeField(source="last_login")


class ConnectionSerializer(serializers.Serializer[Connection]):
    provider = serializers.CharField()
    name = serializers.CharField()
    connect_url = serializers.URLField(help_text="To be opened in the person's browser.")
    accounts = ConnectedAccountSerializer(many=True)


class ConnectionsView(APIView):
    @lists.describe("users_me_connections", ConnectionSerializer, tags=["people"])
    def get(self, request: Request) -> Response:
        """The sites that are set up here for signing in, each with the person's accounts there.

        To connect one, open its `connect_url` in the person's browser: the other site asks them, and no program can answer.
        """
        rows = account.connections(request._request, person(request))
        return lists.answer(request, rows, ConnectionSerializer)


class ConnectionView(APIView):
    @extend_schema(operation_id="users_me_connections_remove", tags=["people"], responses={204: None})
    def delete(self, request: Request, account_id: int) -> Response:
        """Disconnects an account. 409 `last_way_in` where nobody could sign in without it. Needs a confirmation."""
        user = confirmed(request)
        connections.connection_remove(request=request._request, user=user, account_id=account_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

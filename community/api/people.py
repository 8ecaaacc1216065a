"""The signed-in person."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import policies
from community.access import scope_too_low
from community.api.auth import parsed
from community.api.authentication import TokenUse
from community.api.serializers import DeleteMeInput, MeInput, MeSerializer
from community.models import User
from community.services import erasure, people, sessions
from config.lib.errors import Unauthenticated


def person(request: Request, *, by_token: bool = False) -> User:
    """The signed-in person; the default permission has refused everybody else.

    What is the person's own and not a workspace's is closed to API tokens, unless ``by_token``. Raises Forbidden.
    """
    if not isinstance(request.user, User):
        raise Unauthenticated
    if isinstance(request.auth, TokenUse) and not by_token:
        raise scope_too_low(policies.NO_TOKEN)
    return request.user


class MeView(APIView):
    @extend_schema(operation_id="users_me", tags=["people"], responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(person(request, by_token=True)).data)

    @extend_schema(operation_id="users_me_replace", tags=["people"], request=MeInput, responses={200: MeSerializer})
    def put(self, request: Request) -> Response:
        user = people.person_update(user=person(request), changes=parsed(MeInput, request))
        return Response(MeSerializer(user).data)

    @extend_schema(operation_id="users_me_update", tags=["people"], request=MeInput, responses={200: MeSerializer})
    def patch(self, request: Request) -> Response:
        user = person(request)
        given = MeInput(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        user = people.person_update(user=user, changes=given.validated_data)
        return Response(MeSerializer(user).data)

    @extend_schema(operation_id="users_me_delete", tags=["people"], request=DeleteMeInput, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Deletes the account. 409 `last_owner` with `workspaces` while others work in what only this person owns.

        Takes an access token of a sign-in that is at most five minutes old, or `{"password"}` as its body.
        """
        user, family_id = person(request), getattr(request.auth, "family_id", None)
        sessions.password_confirm_or_fresh(
            request=request._request, user=user, family_id=family_id, **parsed(DeleteMeInput, request)
        )
        erasure.person_erase(user=user)
        return Response(status=204)

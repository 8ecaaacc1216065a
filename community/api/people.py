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
from community.services import confirmations, erasure, people
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


def caller(request: Request) -> confirmations.Caller:
    """The same, with what remembers when they last showed that it is them. Raises Forbidden."""
    family_id = getattr(request.auth, "family_id", None)
    return confirmations.Caller(request._request, person(request), request.auth is None, family_id)


def confirmed(request: Request) -> User:
    """The signed-in person, who showed within five minutes that it is them. Raises Forbidden ``confirmation_required``."""
    asking = caller(request)
    confirmations.confirmation_require(caller=asking)
    return asking.user


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

        Takes `{"password"}` or `{"code"}` as its body, unless the person signed in or confirmed that it is them within five minutes.
        """
        asking, proof = caller(request), parsed(DeleteMeInput, request)
        if any(proof.values()) or not confirmations.confirmed_lately(caller=asking):
            confirmations.person_confirm(caller=asking, **proof)
        erasure.person_erase(user=asking.user)
        return Response(status=204)

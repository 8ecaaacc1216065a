"""Where the person is signed in, ending that, and the password it hangs on."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import account
from community.account import SignIn
from community.api.auth import parsed
from community.api.people import confirmed, person
from community.api.serializers import PasswordField, SessionSerializer
from community.services import sessions, sign_ins
from config.lib import lists


class SignInSerializer(serializers.Serializer[SignIn]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=("browser", "program"))
    device = serializers.CharField(source="device.words")
    ip = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    current = serializers.BooleanField()


class PasswordChangeInput(serializers.Serializer[Any]):
    current = PasswordField(required=False, default="", help_text="The password the person has, if they have one.")
    new = PasswordField()


class PasswordSerializer(serializers.Serializer[Any]):
    set = serializers.BooleanField(
        help_text="Whether the person has one; who signs in through another site may have none."
    )


class PasswordView(APIView):
    @extend_schema(operation_id="users_me_password_state", tags=["people"], responses={200: PasswordSerializer})
    def get(self, request: Request) -> Response:
        """Whether the person has a password at all."""
        return Response({"set": person(request).has_usable_password()})

    @extend_schema(
        operation_id="users_me_password",
        tags=["people"],
        request=PasswordChangeInput,
        responses={200: SessionSerializer},
    )
    def post(self, request: Request) -> Response:
        """A new password. Every sign-in ends, this one as well; the answer holds new tokens.

        Who has one sends it as `current`. The first one needs a confirmation instead, where there is anything to confirm by.
        """
        user = person(request)
        if not user.has_usable_password():
            user = confirmed(request)
        tokens = sessions.password_change(request=request._request, user=user, **parsed(PasswordChangeInput, request))
        return Response(SessionSerializer(tokens).data)


class SignInsView(APIView):
    @lists.describe("sign_ins_list", SignInSerializer, tags=["people"])
    def get(self, request: Request) -> Response:
        """Where the person is signed in, by browsers and by programs."""
        token, session = request.auth, getattr(request._request, "session", None)
        rows = account.sign_ins(
            person(request),
            session_key=session.session_key if session and token is None else None,
            family_id=getattr(token, "family_id", None),
        )
        return lists.answer(request, rows, SignInSerializer)

    @extend_schema(operation_id="sign_ins_end_all", tags=["people"], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out everywhere, here as well. API tokens stay."""
        sign_ins.sign_ins_end_all(user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SignInView(APIView):
    @extend_schema(operation_id="sign_ins_end", tags=["people"], responses={204: None})
    def delete(self, request: Request, sign_in_id: UUID) -> Response:
        sign_ins.sign_in_end(user=person(request), sign_in_id=sign_in_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

"""Sign-in of programs: register, login, refresh, logout."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from community.api.serializers import (
    LoginInput,
    MfaInput,
    PersonSerializer,
    RefreshedSerializer,
    RefreshInput,
    RegisteredSerializer,
    RegisterInput,
    SessionSerializer,
)
from community.models import User
from community.services import sessions
from config.lib.http import throttle_caller


class PublicView(APIView):
    """These endpoints make sessions, so they ask for none; a stale Authorization header does not stand in the way."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


def parsed(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class RegisterView(PublicView):
    @extend_schema(
        operation_id="auth_register", tags=["people"], request=RegisterInput, responses={201: RegisteredSerializer}
    )
    def post(self, request: Request) -> Response:
        throttle_caller("register", request._request, settings.THROTTLE_REGISTER)
        result = sessions.session_open_first(request=request._request, **parsed(RegisterInput, request))
        if isinstance(result, User):
            answer = {"user": PersonSerializer(result).data, "verification_required": True}
        else:
            answer = dict(SessionSerializer(result).data)
        return Response(answer, status=status.HTTP_201_CREATED)


class LoginView(PublicView):
    @extend_schema(operation_id="auth_login", tags=["people"], request=LoginInput, responses={200: SessionSerializer})
    def post(self, request: Request) -> Response:
        """401 with code `mfa_required` and `mfa_token` where the person uses an authenticator app: go on with /auth/mfa."""
        throttle_caller("login", request._request, settings.THROTTLE_LOGIN)
        tokens = sessions.session_open(request=request._request, **parsed(LoginInput, request))
        return Response(SessionSerializer(tokens).data)


class MfaView(PublicView):
    @extend_schema(operation_id="auth_mfa", tags=["people"], request=MfaInput, responses={200: SessionSerializer})
    def post(self, request: Request) -> Response:
        throttle_caller("login", request._request, settings.THROTTLE_LOGIN)
        tokens = sessions.session_open_with_code(request=request._request, **parsed(MfaInput, request))
        return Response(SessionSerializer(tokens).data)


class RefreshView(PublicView):
    @extend_schema(
        operation_id="auth_refresh", tags=["people"], request=RefreshInput, responses={200: RefreshedSerializer}
    )
    def post(self, request: Request) -> Response:
        """Rotates: the refresh token sent is used up. Sending it again ends the whole sign-in."""
        tokens = sessions.tokens_rotate(**parsed(RefreshInput, request))
        return Response(RefreshedSerializer(tokens).data)


class LogoutView(PublicView):
    @extend_schema(operation_id="auth_logout", tags=["people"], request=RefreshInput, responses={204: None})
    def post(self, request: Request) -> Response:
        sessions.tokens_revoke(**parsed(RefreshInput, request))
        return Response(status=status.HTTP_204_NO_CONTENT)

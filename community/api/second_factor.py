"""The second factor of the signed-in person, and showing again that it is them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import account, second_factor
from community.api.auth import parsed
from community.api.people import caller, confirmed, person
from community.api.serializers import PasswordField
from community.services import confirmations, second_factors
from community.services.second_factors import TotpSetup


class ConfirmInput(serializers.Serializer[Any]):
    """One of the two: the password, or a code of the authenticator app (or a recovery code)."""

    password = PasswordField(required=False, default="")
    code = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class SecondFactorSerializer(serializers.Serializer[Any]):
    on = serializers.BooleanField()
    may_turn_on = serializers.BooleanField(help_text="Not before the e-mail address is confirmed.")
    last_used_at = serializers.DateTimeField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class TotpSetupSerializer(serializers.Serializer[TotpSetup]):
    setup_token = serializers.CharField(help_text="To be sent with the app's first code, within ten minutes.")
    secret = serializers.CharField()
    uri = serializers.CharField(help_text="What a QR code for authenticator apps holds.")


class TotpConfirmInput(serializers.Serializer[Any]):
    setup_token = serializers.CharField(max_length=1000)
    code = serializers.CharField(max_length=20)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Shown this once.")


class ConfirmView(APIView):
    @extend_schema(operation_id="users_me_confirm", tags=["people"], request=ConfirmInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Needed at most five minutes before changing how one signs in (403 `confirmation_required`); signing in counts."""
        confirmations.person_confirm(caller=caller(request), **parsed(ConfirmInput, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SecondFactorView(APIView):
    @extend_schema(operation_id="second_factor", tags=["people"], responses={200: SecondFactorSerializer})
    def get(self, request: Request) -> Response:
        """Whether the person is asked for a code, and how many recovery codes they have left."""
        user = person(request)
        found = account.second_factor(user)
        answer = {
            "on": found.on,
            "may_turn_on": second_factor.may_turn_on(user),
            "last_used_at": found.last_used_at,
            "recovery_codes_left": found.recovery_codes_left,
        }
        return Response(SecondFactorSerializer(answer).data)


class TotpView(APIView):
    @extend_schema(
        operation_id="second_factor_totp_begin", tags=["people"], request=None, responses={201: TotpSetupSerializer}
    )
    def post(self, request: Request) -> Response:
        """A secret for an authenticator app. Nothing changes before its first code is confirmed. Needs a confirmation."""
        setup = second_factors.totp_begin(user=confirmed(request))
        return Response(TotpSetupSerializer(setup).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="second_factor_totp_remove", tags=["people"], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Turns the second factor off; the recovery codes end. Needs a confirmation."""
        second_factors.totp_deactivate(request=request._request, user=confirmed(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TotpConfirmView(APIView):
    @extend_schema(
        operation_id="second_factor_totp_confirm",
        tags=["people"],
        request=TotpConfirmInput,
        responses={200: RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """Turns the second factor on. Needs a confirmation."""
        user, given = confirmed(request), parsed(TotpConfirmInput, request)
        codes = second_factors.totp_activate(request=request._request, user=user, **given)
        return Response({"recovery_codes": codes})


class RecoveryCodesView(APIView):
    @extend_schema(
        operation_id="second_factor_recovery_codes",
        tags=["people"],
        request=None,
        responses={201: RecoveryCodesSerializer},
    )
    def post(self, request: Request) -> Response:
        """New recovery codes; the old ones end. Needs a confirmation."""
        codes = second_factors.recovery_codes_renew(request=request._request, user=confirmed(request))
        return Response({"recovery_codes": codes}, status=status.HTTP_201_CREATED)

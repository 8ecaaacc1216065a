"""The address a person signs in with: changing it, confirming it; and a password that was forgotten."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community.api.auth import PublicView, parsed
from community.api.people import confirmed, person
from community.api.serializers import PasswordField
from community.services import addresses
from community.services.addresses import Address
from config.lib.http import throttle_caller

# A key that is none. Other problems are described for all operations alike (config/lib/schema.py).
_NO_LINK = {(404, "application/problem+json"): {"$ref": "#/components/schemas/Problem"}}


class AddressSerializer(serializers.Serializer[Address]):
    email = serializers.EmailField()
    verified = serializers.BooleanField()
    pending = serializers.EmailField(allow_null=True, help_text="The address the person is changing to.")


class AddressInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class LinkKeyInput(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=500, help_text="What stands at the end of the link in the mail.")


class NewPasswordInput(LinkKeyInput):
    password = PasswordField()


class AddressView(APIView):
    @extend_schema(operation_id="users_me_email", tags=["people"], responses={200: AddressSerializer})
    def get(self, request: Request) -> Response:
        return Response(AddressSerializer(addresses.address_of(user=person(request))).data)

    @extend_schema(
        operation_id="users_me_email_change",
        tags=["people"],
        request=AddressInput,
        responses={202: AddressSerializer},
    )
    def post(self, request: Request) -> Response:
        """Sends a link to the new address. It takes the old one's place once it is confirmed. Needs a confirmation."""
        user, given = confirmed(request), parsed(AddressInput, request)
        address = addresses.address_change(request=request._request, user=user, **given)
        return Response(AddressSerializer(address).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(operation_id="users_me_email_keep", tags=["people"], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Keeps the address one has. Needs a confirmation."""
        addresses.address_change_drop(user=confirmed(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AddressResendView(APIView):
    @extend_schema(operation_id="users_me_email_resend", tags=["people"], request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sends the link once more: to the address one is changing to, else to one's own."""
        addresses.address_mail_again(request=request._request, user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifyEmailView(PublicView):
    @extend_schema(
        operation_id="auth_verify_email",
        tags=["people"],
        request=LinkKeyInput,
        responses={200: AddressSerializer} | _NO_LINK,
    )
    def post(self, request: Request) -> Response:
        """Confirms an address, by what stands at the end of the link in the mail."""
        throttle_caller("login", request._request, settings.THROTTLE_LOGIN)
        user = addresses.address_confirm(request=request._request, **parsed(LinkKeyInput, request))
        return Response(AddressSerializer(addresses.address_of(user=user)).data)


class PasswordResetView(PublicView):
    @extend_schema(operation_id="auth_password_reset", tags=["people"], request=AddressInput, responses={202: None})
    def post(self, request: Request) -> Response:
        """Mails a link for a new password. The answer is the same whether or not somebody has the address."""
        throttle_caller("login", request._request, settings.THROTTLE_LOGIN)
        addresses.password_reset_mail(request=request._request, **parsed(AddressInput, request))
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(PublicView):
    @extend_schema(
        operation_id="auth_password_reset_confirm",
        tags=["people"],
        request=NewPasswordInput,
        responses={204: None} | _NO_LINK,
    )
    def post(self, request: Request) -> Response:
        """A new password, by what stands at the end of the link in the mail. Every sign-in ends."""
        throttle_caller("login", request._request, settings.THROTTLE_LOGIN)
        addresses.password_reset(request=request._request, **parsed(NewPasswordInput, request))
        return Response(status=status.HTTP_204_NO_CONTENT)

"""Invitations: made, listed, sent again and revoked by admins; answered by whoever got the link, or has the address."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import access, selectors
from community.api.auth import parsed
from community.api.people import person
from community.api.serializers import WorkspaceSerializer
from community.api.serializers_members import AcceptInput, InvitationInput, InvitationOutput, MyInvitationOutput
from community.api.workspaces import actor_in
from community.invited import invitations_of
from community.models import Role
from community.services import invitations
from config.lib import lists

_ORDERINGS = ("sent_at", "email", "expires_at")


class InvitationsView(APIView):
    @lists.describe(
        "workspace_invitations_list",
        InvitationOutput,
        tags=["people"],
        search=True,
        orderings=_ORDERINGS,
        filters=[lists.parameter("role", enum=Role.values)],
    )
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Those that nobody has accepted or revoked."""
        rows = selectors.invitation_list(actor_in(request, workspace_id)).search(lists.text(request))
        if role := lists.choice(request, "role", Role.values):
            rows = rows.filter(role=role)
        return lists.answer(request, rows.order_by(*lists.in_order(request, _ORDERINGS, "-sent_at")), InvitationOutput)

    @extend_schema(
        operation_id="workspace_invitations_create",
        tags=["people"],
        request=InvitationInput,
        responses={201: InvitationOutput},
    )
    def post(self, request: Request, workspace_id: UUID) -> Response:
        """Sends a link by e-mail, valid for 7 days and once. An address that is invited already gets a new link."""
        actor = actor_in(request, workspace_id)
        actor.require("invitation.write")
        invitation = invitations.invitation_create(actor=actor, **parsed(InvitationInput, request))
        return Response(InvitationOutput(invitation).data, status=status.HTTP_201_CREATED)


class InvitationView(APIView):
    @extend_schema(operation_id="workspace_invitations_read", tags=["people"], responses={200: InvitationOutput})
    def get(self, request: Request, workspace_id: UUID, invitation_id: UUID) -> Response:
        invitation = access.get_invitation(actor_in(request, workspace_id), invitation_id)
        return Response(InvitationOutput(invitation).data)

    @extend_schema(operation_id="workspace_invitations_revoke", tags=["people"], responses={204: None})
    def delete(self, request: Request, workspace_id: UUID, invitation_id: UUID) -> Response:
        actor = actor_in(request, workspace_id)
        invitation = access.get_invitation(actor, invitation_id, "invitation.write")
        invitations.invitation_revoke(actor=actor, invitation=invitation)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationResendView(APIView):
    @extend_schema(
        operation_id="workspace_invitations_resend", tags=["people"], request=None, responses={200: InvitationOutput}
    )
    def post(self, request: Request, workspace_id: UUID, invitation_id: UUID) -> Response:
        """Sends a new link, valid for 7 days from now. The old one ends."""
        actor = actor_in(request, workspace_id)
        invitation = access.get_invitation(actor, invitation_id, "invitation.write")
        return Response(InvitationOutput(invitations.invitation_resend(actor=actor, invitation=invitation)).data)


class InvitationAcceptView(APIView):
    @extend_schema(
        operation_id="invitations_accept", tags=["people"], request=AcceptInput, responses={200: WorkspaceSerializer}
    )
    def post(self, request: Request) -> Response:
        """Joins the workspace; the person works in it from now on. 403 `invitation_email` where it is for another address."""
        user = person(request)
        actor = invitations.invitation_accept(user=user, link=parsed(AcceptInput, request)["token"])
        return Response(WorkspaceSerializer(access.get_workspace(actor), context={"role": actor.role}).data)


class MyInvitationsView(APIView):
    @lists.describe("users_me_invitations", MyInvitationOutput, tags=["people"])
    def get(self, request: Request) -> Response:
        """Those that wait for the signed-in person: sent to an address that is known to be theirs. What ends first comes first."""
        return lists.answer(request, invitations_of(person(request)).order_by("expires_at", "id"), MyInvitationOutput)


class MyInvitationAcceptView(APIView):
    @extend_schema(
        operation_id="users_me_invitations_accept", tags=["people"], request=None, responses={200: WorkspaceSerializer}
    )
    def post(self, request: Request, invitation_id: UUID) -> Response:
        """Joins the workspace; the person works in it from now on."""
        actor = invitations.invitation_accept_own(user=person(request), invitation_id=invitation_id)
        return Response(WorkspaceSerializer(access.get_workspace(actor), context={"role": actor.role}).data)


class MyInvitationDeclineView(APIView):
    @extend_schema(operation_id="users_me_invitations_decline", tags=["people"], request=None, responses={204: None})
    def post(self, request: Request, invitation_id: UUID) -> Response:
        invitations.invitation_decline(user=person(request), invitation_id=invitation_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

"""Workspaces, and who belongs to them. The path names the workspace; ``X-Workspace`` has no say here."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import access, selectors
from community.access import Actor
from community.api import serializers_members as serializers
from community.api.auth import parsed
from community.api.authentication import TokenUse
from community.api.people import person
from community.api.serializers import WorkspaceInput, WorkspaceSerializer
from community.models import Role, Workspace
from community.services import members, workspaces
from config.lib import lists
from config.lib.errors import NotFound

_CONFIRM = OpenApiParameter("confirm", str, required=True, description="The name of the workspace.")


def actor_in(request: Request, workspace_id: UUID) -> Actor:
    """Who asks, in the workspace that the path names. Raises NotFound."""
    if not isinstance(request.auth, TokenUse):
        known = access.known_actor(request._request)  # the access token's authentication may have found them there
        if known is not None and known.workspace_id == workspace_id:
            return known
        return access.remember_actor(request._request, access.get_actor(person(request), workspace_id))
    if request.auth.actor.workspace_id != workspace_id:
        raise NotFound
    return request.auth.actor


class WorkspacesView(APIView):
    @lists.describe(
        "workspaces_list", WorkspaceSerializer, tags=["people"], search=True, orderings=("name", "created_at")
    )
    def get(self, request: Request) -> Response:
        """The person's workspaces; with an API token, the token's."""
        rows = Workspace.objects.with_role_of(person(request, by_token=True).id).search(lists.text(request))
        if isinstance(request.auth, TokenUse):
            rows = rows.filter(id=request.auth.actor.workspace_id)
        rows = rows.order_by(lists.ordering(request, ("name", "created_at"), "created_at"), "id")
        return lists.answer(request, rows, WorkspaceSerializer)

    @extend_schema(
        operation_id="workspaces_create", tags=["people"], request=WorkspaceInput, responses={201: WorkspaceSerializer}
    )
    def post(self, request: Request) -> Response:
        """The person owns it and works in it from now on."""
        workspace = workspaces.workspace_create(owner=person(request), name=parsed(WorkspaceInput, request)["name"])
        answer = WorkspaceSerializer(workspace, context={"role": Role.OWNER}).data
        return Response(answer, status=status.HTTP_201_CREATED)


class WorkspaceView(APIView):
    @extend_schema(operation_id="workspaces_read", tags=["people"], responses={200: WorkspaceSerializer})
    def get(self, request: Request, workspace_id: UUID) -> Response:
        actor = actor_in(request, workspace_id)
        return Response(WorkspaceSerializer(access.get_workspace(actor), context={"role": actor.role}).data)

    @extend_schema(
        operation_id="workspaces_replace", tags=["people"], request=WorkspaceInput, responses={200: WorkspaceSerializer}
    )
    def put(self, request: Request, workspace_id: UUID) -> Response:
        return self._update(request, workspace_id, partial=False)

    @extend_schema(
        operation_id="workspaces_update", tags=["people"], request=WorkspaceInput, responses={200: WorkspaceSerializer}
    )
    def patch(self, request: Request, workspace_id: UUID) -> Response:
        return self._update(request, workspace_id, partial=True)

    @extend_schema(operation_id="workspaces_delete", tags=["people"], parameters=[_CONFIRM], responses={204: None})
    def delete(self, request: Request, workspace_id: UUID) -> Response:
        """Closes it for good. Owners only; a personal workspace goes with its person's account."""
        confirmation = str(request.query_params.get("confirm", ""))
        workspaces.workspace_delete(actor=actor_in(request, workspace_id), confirmation=confirmation)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _update(self, request: Request, workspace_id: UUID, *, partial: bool) -> Response:
        actor = actor_in(request, workspace_id)
        actor.require("workspace.update")
        given = WorkspaceInput(data=request.data, partial=partial)
        given.is_valid(raise_exception=True)
        workspace = workspaces.workspace_update(actor=actor, changes=given.validated_data)
        return Response(WorkspaceSerializer(workspace, context={"role": actor.role}).data)


class LeaveView(APIView):
    @extend_schema(operation_id="workspaces_leave", tags=["people"], request=None, responses={204: None})
    def post(self, request: Request, workspace_id: UUID) -> Response:
        """409 `last_owner` where the workspace would be left without an owner."""
        members.member_leave(actor=actor_in(request, workspace_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TransferView(APIView):
    @extend_schema(
        operation_id="workspaces_transfer",
        tags=["people"],
        request=serializers.TransferInput,
        responses={200: serializers.MemberOutput},
    )
    def post(self, request: Request, workspace_id: UUID) -> Response:
        """Makes a member the owner in one's place; one stays as an admin. `confirm` is the workspace's name."""
        actor = actor_in(request, workspace_id)
        actor.require("workspace.transfer")
        given = parsed(serializers.TransferInput, request)
        member = access.get_member(actor, given["to"])
        member = members.ownership_transfer(actor=actor, member=member, confirmation=given["confirm"])
        return Response(serializers.MemberOutput(member, context={"addresses": True}).data)


class MembersView(APIView):
    @lists.describe(
        "workspace_members_list",
        serializers.MemberOutput,
        tags=["people"],
        search=True,
        orderings=("name", "joined_at"),
        filters=[lists.parameter("role", enum=Role.values)],
    )
    def get(self, request: Request, workspace_id: UUID) -> Response:
        """E-mail addresses are answered to admins and owners only, and null to others."""
        actor = actor_in(request, workspace_id)
        addresses = actor.allows("member.write")
        rows = selectors.member_list(actor).search(lists.text(request), addresses=addresses)
        if role := lists.choice(request, "role", Role.values):
            rows = rows.filter(role=role)
        order = lists.ordering(request, ("name", "joined_at"), "joined_at")
        rows = rows.order_by(order.replace("joined_at", "created_at").replace("name", "user__name"), "id")
        return lists.answer(request, rows, serializers.MemberOutput, lambda _page: {"addresses": addresses})


class MemberView(APIView):
    @extend_schema(operation_id="workspace_members_read", tags=["people"], responses={200: serializers.MemberOutput})
    def get(self, request: Request, workspace_id: UUID, user_id: UUID) -> Response:
        actor = actor_in(request, workspace_id)
        return self._answer(actor, user_id)

    @extend_schema(
        operation_id="workspace_members_update",
        tags=["people"],
        request=serializers.MemberInput,
        responses={200: serializers.MemberOutput},
    )
    def patch(self, request: Request, workspace_id: UUID, user_id: UUID) -> Response:
        """Nobody gives or takes a role above their own."""
        actor = actor_in(request, workspace_id)
        member = access.get_member(actor, user_id, "member.write")
        members.member_change_role(actor=actor, member=member, role=parsed(serializers.MemberInput, request)["role"])
        return self._answer(actor, user_id)

    @extend_schema(operation_id="workspace_members_remove", tags=["people"], responses={204: None})
    def delete(self, request: Request, workspace_id: UUID, user_id: UUID) -> Response:
        """The person's API tokens of this workspace end as well."""
        actor = actor_in(request, workspace_id)
        members.member_remove(actor=actor, member=access.get_member(actor, user_id, "member.write"))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, actor: Actor, user_id: UUID) -> Response:
        context = {"addresses": actor.allows("member.write")}
        return Response(serializers.MemberOutput(access.get_member(actor, user_id), context=context).data)

"""The signed-in person and their workspaces."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import access
from community.api.auth import parsed
from community.api.serializers import MeInput, MeSerializer, WorkspaceInput, WorkspaceSerializer
from community.models import User, Workspace
from community.services import people, workspaces
from config.lib.errors import Unauthenticated


def person(request: Request) -> User:
    """The signed-in person; the default permission has refused everybody else."""
    if not isinstance(request.user, User):
        raise Unauthenticated
    return request.user


class MeView(APIView):
    @extend_schema(operation_id="users_me", tags=["people"], responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(person(request)).data)

    @extend_schema(operation_id="users_me_replace", tags=["people"], request=MeInput, responses={200: MeSerializer})
    def put(self, request: Request) -> Response:
        user = people.person_update(user=person(request), changes=parsed(MeInput, request))
        return Response(MeSerializer(user).data)

    @extend_schema(operation_id="users_me_update", tags=["people"], request=MeInput, responses={200: MeSerializer})
    def patch(self, request: Request) -> Response:
        given = MeInput(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        user = people.person_update(user=person(request), changes=given.validated_data)
        return Response(MeSerializer(user).data)


class WorkspacesView(generics.ListAPIView[Workspace]):
    serializer_class = WorkspaceSerializer
    search_fields = ("name",)
    ordering_fields = ("name", "created_at")

    def get_queryset(self) -> QuerySet[Workspace]:
        if getattr(self, "swagger_fake_view", False):
            return Workspace.objects.none()
        return Workspace.objects.with_role_of(person(self.request).id).order_by("created_at")

    @extend_schema(operation_id="workspaces_list", tags=["people"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="workspaces_create", tags=["people"], request=WorkspaceInput, responses={201: WorkspaceSerializer}
    )
    def post(self, request: Request) -> Response:
        """The person owns it and works in it from now on."""
        workspace = workspaces.workspace_create(owner=person(request), name=parsed(WorkspaceInput, request)["name"])
        answer = WorkspaceSerializer(workspace, context={"role": "owner"}).data
        return Response(answer, status=status.HTTP_201_CREATED)


class WorkspaceView(APIView):
    @extend_schema(operation_id="workspaces_read", tags=["people"], responses={200: WorkspaceSerializer})
    def get(self, request: Request, workspace_id: UUID) -> Response:
        actor, workspace = access.get_workspace(person(request), workspace_id)
        return Response(WorkspaceSerializer(workspace, context={"role": actor.role}).data)

    @extend_schema(
        operation_id="workspaces_update", tags=["people"], request=WorkspaceInput, responses={200: WorkspaceSerializer}
    )
    def patch(self, request: Request, workspace_id: UUID) -> Response:
        actor = access.get_actor(person(request), workspace_id)
        given = WorkspaceInput(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        workspace = workspaces.workspace_update(actor=actor, changes=given.validated_data)
        return Response(WorkspaceSerializer(workspace, context={"role": actor.role}).data)

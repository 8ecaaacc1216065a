"""The files of an agent over the API."""

from uuid import uuid4

from pytest_django import DjangoAssertNumQueries

from agent_app.models import AgentFile
from community.models import FileStatus, StoredFile
from tests.agents.world import make_agent
from tests.cast import Cast
from tests.community.files_world import make_file


def test_a_file_is_given_described_replaced_and_taken(cast: Cast) -> None:
    agent, first, second = make_agent(cast.alice), make_file(cast.alice), make_file(cast.alice)
    path = f"agents/{agent.id}/files/"
    made = cast.bob.api.post(path, {"file_id": str(first.id), "description": "Prices"})
    assert (made.status_code, made.json()["name"], made.json()["description"]) == (201, first.name, "Prices")
    item = f"{path}{made.json()['id']}/"
    assert cast.carol.api.get(item).json() == made.json()
    twice = cast.bob.api.post(path, {"file_id": str(first.id)})
    assert (twice.status_code, twice.json()["code"]) == (409, "file_attached")
    assert cast.bob.api.patch(item, {"description": "Old prices"}).json()["file_id"] == str(first.id)
    replaced = cast.bob.api.put(item, {"file_id": str(second.id)}).json()
    assert (replaced["file_id"], replaced["description"]) == (str(second.id), "")
    agent.refresh_from_db()
    assert agent.revision == 4
    assert cast.bob.api.delete(item).status_code == 204
    assert cast.carol.api.get(path).json()["count"] == 0
    assert StoredFile.objects.kept().count() == 2


def test_only_the_workspaces_sound_files(cast: Cast) -> None:
    agent, foreign, infected = make_agent(cast.alice), make_file(cast.dave), make_file(cast.alice)
    StoredFile.objects.filter(id=infected.id).update(status=FileStatus.INFECTED)
    path = f"agents/{agent.id}/files/"
    answers = [cast.bob.api.post(path, {"file_id": str(each)}) for each in (foreign.id, uuid4(), infected.id)]
    assert [answer.status_code for answer in answers] == [404, 404, 409]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert not AgentFile.objects.exists()


def test_a_deleted_file_is_gone_and_the_list_costs_the_same_for_many(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    agent = make_agent(cast.alice)
    path = f"agents/{agent.id}/files/"
    files = [make_file(cast.alice) for _ in range(6)]
    for file in files:
        assert cast.bob.api.post(path, {"file_id": str(file.id)}).status_code == 201
    assert cast.bob.api.delete(f"files/{files[0].id}/").status_code == 204
    with django_assert_max_num_queries(4):
        assert cast.carol.api.get(path).json()["count"] == 5
    clone = cast.bob.api.post(f"agents/{agent.id}/clone/").json()
    assert cast.carol.api.get(f"agents/{clone['id']}/files/").json()["count"] == 5
    removed = cast.carol.api.get(f"agents/{agent.id}/export/").json()["removed"]
    assert len(removed) == 5

"""The ids of calls: their own in a run, and fit for addresses and rows, whatever a provider makes up."""

from django.urls import reverse

from agent_app.engine.call_ids import CallIds


def test_what_a_provider_makes_up_can_stand_in_an_address_and_in_a_row() -> None:
    ids = CallIds()
    made_up = ["call_1", "call_1", "..", "a/b?c#d", "line\nbreak", "nul\0", "", "ä" * 300, '"><script>']
    named = ids.give(made_up)
    assert [model_id for model_id, _name in named] == made_up
    names = [name for _model_id, name in named]
    assert names[:7] == ["call_1", "call_1~2", "__", "a_b_c_d", "line_break", "nul_", "call"]
    assert (names[7], len(set(names))) == ("_" * 100, len(names))
    for name in names:
        assert reverse("agents:run_decide", args=["00000000-0000-7000-8000-000000000000", name]).endswith(f"/{name}/")
    assert [ids.take(model_id) for model_id in made_up] == names


def test_conversations_side_by_side_do_not_take_each_others_ids() -> None:
    ids = CallIds()
    ids.give(["c1"], within="a")
    ids.give(["c1"], within="b")
    assert [ids.take("c1", within=each) for each in ("b", "a", "")] == ["c1~2", "c1", "c1~3"]

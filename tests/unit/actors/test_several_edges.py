"""A room whose people come through several edges: who has a session, who is away, and what survives a new owner."""

import asyncio
from itertools import permutations
from typing import Any, cast

import pytest

from meetserver import limits
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import GraceOver, Reattach
from meetserver.chat import messages as chat
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from tests.faults.history import Seen
from tests.simulation.person import Person
from tests.simulation.scene import settle
from tests.simulation.world import World
from tests.unit.actors.doors import closed_by, heard
from tests.unit.actors.edges import ROOM, House, comes_back_unnoticed, open_by_ticket, play

GRACE_S = limits.REATTACH_GRACE_S


def texts(person: Person) -> list[str]:
    return [frame["data"]["text"] for frame in heard(person, "chat.sent")]


def told_of(person: Person, other: Person) -> list[dict[str, Any]]:
    """What need not last, of somebody else's presence."""
    told = [frame["data"] for frame in person.ephemerals if frame["type"] == "presence.changed"]
    return [{k: v for k, v in data.items() if k != "participant"} for data in told if data["participant"] == other.name]


def types(house: House) -> list[str]:
    return [entry.type for entry in house.log.rooms[ROOM].entries]


def is_connected(person: Person) -> bool:
    return person.connection is not None and person.connection.closed_with is None and not person.lost.is_set()


class TestTwoClaims:
    """A dead socket that nobody has noticed, and the client resumed elsewhere while the room moved."""

    @pytest.mark.parametrize("is_dead_first", [True, False])
    def test_the_newer_has_the_session_whoever_comes_first(self, is_dead_first: bool) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await house.begin_anew(house.east)
            dead = await comes_back_unnoticed(bo, house.north)
            order = [house.west, house.north] if is_dead_first else [house.north, house.west]
            await house.begin_anew(house.east, *order)
            await settle()
            assert is_connected(bo)
            assert dead.refusal.code == "conflict"
            await ann.ask(chat.Send(text="still there?"))
            await settle()
            assert texts(bo) == ["still there?"]
            assert "ok" in await bo.ask(chat.Send(text="yes"))
            await settle(GRACE_S + limits.RESUME_WINDOW_S)
            assert {"away": True} not in told_of(ann, bo)
            assert "participant.left" not in types(house)

        play(scene)

    def test_of_one_room_too(self) -> None:
        async def scene(house: House) -> None:
            await house.given(house.east, "ann", role="host")
            bo = await house.given(house.west, "bo")
            dead = await comes_back_unnoticed(bo, house.north)
            assert dead.refusal.code == "conflict"
            house.west.room.owner_restarted()
            await settle(GRACE_S + 1)
            assert is_connected(bo)

        play(scene)

    def test_a_dead_link_does_not_come_back_when_the_newer_went(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await house.begin_anew(house.east)
            dead = await comes_back_unnoticed(bo, house.north)
            bo.drop()
            house.west.room.owner_restarted()
            await settle()
            assert dead.refusal.code == "conflict"
            assert told_of(ann, bo)[-1] == {"away": True}

        play(scene)

    def test_every_link_has_a_generation_of_its_own(self) -> None:
        async def scene(house: House) -> None:
            bo = await house.given(house.west, "bo")
            generations = []
            for _ in range(3):
                assert bo._session is not None
                assert bo._session.hello is not None
                generations.append(bo._session.hello.generation)
                bo.drop()
                await settle()
                if len(generations) == 2:
                    await house.begin_anew(house.west)
                assert await bo.resume()
            assert generations == sorted(set(generations))
            assert generations[0][0] == generations[1][0] < generations[2][0]

        play(scene)

    def test_a_link_over_an_edge_that_was_lost_and_found_is_the_same_link(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            assert bo._session is not None
            assert bo._session.hello is not None
            place = bo._session.hello
            found = Relay(house.west.room)
            house.tell_control(Reattach(found, {bo._session.link: (place.session, place.generation)}))
            await ann.ask(chat.Send(text="hi"))
            await settle()
            assert is_connected(bo)
            assert texts(bo) == ["hi"]
            assert told_of(ann, bo) == []
            assert house.actor.attendance._attachments.edges() == [house.east.room, found]

        play(scene)


class Relay:
    """Another way to the same edge."""

    def __init__(self, edge: EdgeRoom) -> None:
        self._edge = edge

    def __getattr__(self, name: str) -> Any:
        return getattr(self._edge, name)


class TestAnEdgeIsLost:
    def test_its_people_are_away_after_the_grace_and_leave_after_the_window(self) -> None:
        async def scene(house: House) -> None:
            ann = await house.given(house.east, "ann", role="host")
            bo, cy = await house.given(house.west, "bo"), await house.given(house.west, "cy")
            house.lose(house.west)
            await settle(GRACE_S - 0.1)
            assert told_of(ann, bo) == []
            await settle(0.2)
            assert told_of(ann, bo) == told_of(ann, cy) == [{"away": True}]
            await settle(limits.RESUME_WINDOW_S - GRACE_S - 0.2)
            assert "participant.left" not in types(house)
            await settle(0.3)
            assert types(house)[-2:] == ["participant.left", "participant.left"]
            assert told_of(ann, bo) == told_of(ann, cy) == [{"away": True}]

        play(scene)

    def test_it_hears_nothing_more_and_all_of_it_when_it_is_back(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            house.lose(house.west)
            await ann.ask(chat.Send(text="where are you?"))
            assert texts(bo) == []
            house.west.room.owner_restarted()
            await settle(GRACE_S + 1)
            assert texts(bo) == ["where are you?"]
            assert told_of(ann, bo) == []

        play(scene)

    def test_who_is_attached_elsewhere_by_now_stays(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await comes_back_unnoticed(bo, house.north)
            house.lose(house.west)
            await settle(GRACE_S + limits.RESUME_WINDOW_S + 1)
            assert told_of(ann, bo) == []
            assert "participant.left" not in types(house)

        play(scene)

    def test_who_is_back_elsewhere_within_the_grace_was_never_away(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            house.lose(house.west)
            await comes_back_unnoticed(bo, house.north)
            await settle(GRACE_S + limits.RESUME_WINDOW_S + 1)
            assert told_of(ann, bo) == []
            assert "participant.left" not in types(house)

        play(scene)

    def test_who_is_back_after_it_is_told_back(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            house.lose(house.west)
            await settle(GRACE_S + 1)
            house.west.room.owner_restarted()
            await settle()
            assert told_of(ann, bo) == [{"away": True}, {"away": False}]
            await settle(limits.RESUME_WINDOW_S)
            assert is_connected(bo)
            assert "participant.left" not in types(house)

        play(scene)

    def test_an_edge_that_nobody_came_through_is_no_loss(self) -> None:
        async def scene(house: House) -> None:
            ann = await house.given(house.east, "ann", role="host")
            house.lose(house.north)
            assert "ok" in await ann.ask(chat.Send(text="hi"))

        play(scene)


class TestANewOwner:
    def test_nobody_is_away_before_their_edge_had_time_to_say(self) -> None:
        async def scene(house: House) -> None:
            ann = await house.given(house.east, "ann", role="host")
            bo, cy = await house.given(house.west, "bo"), await house.given(house.north, "cy")
            await house.begin_anew(house.east)
            await settle(GRACE_S / 2)
            house.west.room.owner_restarted()
            await settle(GRACE_S + 1)
            assert told_of(ann, bo) == []
            assert told_of(ann, cy) == told_of(bo, cy) == [{"away": True}]
            house.north.room.owner_restarted()
            await settle(limits.RESUME_WINDOW_S)
            assert told_of(ann, cy) == [{"away": True}, {"away": False}]
            assert "participant.left" not in types(house)

        play(scene)

    def test_the_window_of_who_does_not_come_counts_from_the_load(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await house.begin_anew(house.east)
            await settle(limits.RESUME_WINDOW_S - 0.1)
            assert "participant.left" not in types(house)
            await settle(0.2)
            assert types(house)[-1] == "participant.left"
            assert told_of(ann, bo) == [{"away": True}]

        play(scene)

    def test_who_was_away_before_and_resumes_within_the_grace_is_told_back(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            bo.drop()
            await settle()
            await house.begin_anew(house.east)
            assert await bo.resume()
            await settle(GRACE_S + 1)
            assert told_of(ann, bo) == [
                {"away": True},
                {"audio": False, "video": False, "status": "", "away": False},
            ]

        play(scene)

    def test_what_people_show_is_known_again(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await ann.ask(presence.Set(audio=True, status="tea"))
            await ann.ask(presence.Set(video=True))
            await ann.ask(presence.Set(audio=False))
            await house.begin_anew(house.east, house.west)
            bo.drop()
            assert await bo.resume()
            await settle()
            (shown,) = bo.replies[0]["ok"]["presence"]
            assert shown == {"participant": "ann", "audio": False, "video": True, "status": "tea", "away": False}

        play(scene)

    def test_also_to_those_who_were_back_before(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await ann.ask(presence.Set(audio=True))
            await settle()
            bo.ephemerals.clear()
            bo.drop()
            await house.begin_anew()
            assert await bo.resume()
            assert bo.replies[0]["ok"]["presence"] == []
            house.east.room.owner_restarted()
            await settle()
            assert told_of(bo, ann) == [{"audio": True}]

        play(scene)

    def test_whose_edges_are_back_are_not_told_of_each_other_again(self) -> None:
        async def scene(house: House) -> None:
            people = [await house.given(house.east, f"e{number}") for number in range(5)]
            people += [await house.given(house.west, f"w{number}") for number in range(5)]
            for person in people:
                await person.ask(presence.Set(audio=True))
            await settle()
            for person in people:
                person.ephemerals.clear()
            await house.begin_anew(house.east, house.west)
            await settle(GRACE_S + 1)
            assert [person.ephemerals for person in people] == [[]] * 10

        play(scene)

    def test_what_the_old_one_did_not_answer_is_told_by_the_new_one(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await ann.ask(presence.Set(audio=True))
            await settle()
            await house.lose_owner()
            ann.command(presence.Set(audio=False))
            await house.begin_anew(house.east, house.west)
            await settle()
            ann.command(presence.Set(audio=False))  # a first one is refused while the room is being loaded
            await settle()
            assert told_of(bo, ann) == [{"audio": True}, {"audio": False}]

        play(scene)

    def test_what_their_role_no_longer_allows_is_not_shown_again(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            await bo.ask(presence.Set(audio=True))
            assert "ok" in await ann.ask(rooms.SetRole("bo", "viewer"))
            await house.begin_anew(house.east, house.west)
            ann.drop()
            assert await ann.resume()
            assert ann.replies[0]["ok"]["presence"] == []

        play(scene)

    @pytest.mark.parametrize("is_whole_edge", [True, False])
    def test_who_goes_while_it_loads_is_not_there_for_ever(
        self, is_whole_edge: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The edge said that they were there, and then that they were not, and the room heard both too early."""

        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            load, can_load = house.log.load, asyncio.Event()

            async def loads_slowly(*args: Any) -> Any:
                await can_load.wait()
                return await load(*args)

            monkeypatch.setattr(house.log, "load", loads_slowly)
            await house.begin_anew(house.east, house.west)
            await settle()
            if is_whole_edge:
                house.lose(house.west)
            else:
                bo.drop()
            await settle()
            can_load.set()
            await settle(GRACE_S + 1)
            assert told_of(ann, bo) == [{"away": True}]
            await settle(limits.RESUME_WINDOW_S)
            assert types(house)[-1] == "participant.left"

        play(scene)

    def test_an_edge_s_word_is_not_too_much_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            bo.drop()
            monkeypatch.setattr(limits, "DATA_LANE_COMMANDS", 1)
            load, can_load = house.log.load, asyncio.Event()

            async def loads_slowly(*args: Any) -> Any:
                await can_load.wait()
                return await load(*args)

            monkeypatch.setattr(house.log, "load", loads_slowly)
            await house.begin_anew()
            for _ in range(2):
                house.tell_control(GraceOver(()))  # what waits already
            house.east.room.owner_restarted()
            assert not await bo.resume()
            assert bo.replies[0]["error"]["code"] == "busy"
            can_load.set()
            await settle()
            assert "ok" in await ann.ask(chat.Send(text="hi"))
            assert texts(ann) == ["hi"]

        play(scene)


class TestTheLobby:
    def test_who_waits_at_several_edges_keeps_the_queue_and_is_let_in(self) -> None:
        async def scene(house: House) -> None:
            ann = await house.given(house.east, "ann", role="host", user="ann", passes_lobby=True)
            waiting = [
                await house.given(shard, name)
                for shard, name in ((house.west, "zoe"), (house.north, "cy"), (house.west, "dee"))
            ]
            await house.begin_anew(house.north, house.east, house.west)
            await settle(GRACE_S + 1)
            assert [who.name for who in house.actor.state.waiting] == ["zoe", "cy", "dee"]
            assert {person.state for person in waiting} == {"waiting"}
            await ann.ask(rooms.Admit("cy"))
            await ann.ask(rooms.Admit(all=True))
            await ann.ask(chat.Send(text="welcome"))
            await settle()
            assert [person.state for person in waiting] == ["joined"] * 3
            assert [texts(person) for person in waiting] == [["welcome"]] * 3
            assert [len(heard(person, "snapshot")) for person in waiting] == [1] * 3

        play(scene, lobby=True)

    @pytest.mark.parametrize("order", list(permutations(["east", "west", "north"])))
    def test_who_was_admitted_at_one_edge_does_not_wait_at_another(self, order: tuple[str, ...]) -> None:
        async def scene(house: House) -> None:
            ann = await house.given(house.east, "ann", role="host", user="ann", passes_lobby=True)
            cy = await house.given(house.west, "cy")
            await house.begin_anew(house.east)
            dead = await comes_back_unnoticed(cy, house.north)
            await ann.ask(rooms.Admit("cy"))
            await house.begin_anew(*(getattr(house, name) for name in order))
            await ann.ask(chat.Send(text="welcome"))
            await settle()
            assert dead.refusal.code == "conflict"
            assert (cy.state, is_connected(cy), texts(cy)) == ("joined", True, ["welcome"])
            assert len(heard(cy, "snapshot")) == 1

        play(scene, lobby=True)

    def test_an_admission_by_the_old_owner_reaches_who_waits_at_a_foreign_edge(self) -> None:
        async def scene(house: House) -> None:
            ann = await house.given(house.east, "ann", role="host", user="ann", passes_lobby=True)
            cy = await house.given(house.west, "cy")
            house.lose(house.west)
            await ann.ask(rooms.Admit("cy"))
            await settle()
            assert cy.state == "waiting"
            await house.begin_anew(house.east, house.west)
            await settle()
            assert cy.state == "joined"
            assert len(heard(cy, "snapshot")) == 1

        play(scene, lobby=True)

    def test_who_was_removed_meanwhile_is_told_at_whatever_edge(self) -> None:
        async def scene(house: House) -> None:
            ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
            house.lose(house.west)
            await ann.ask(rooms.Remove("bo"))
            assert is_connected(bo)
            await house.begin_anew(house.east, house.west)
            await settle()
            assert closed_by(bo, "forbidden")

        play(scene)


def test_roles_and_the_turns_of_raised_hands_survive() -> None:
    """All hands go up at the same time by the clock, in an order that is neither that of coming nor that of names."""

    async def scene(house: House) -> None:
        ann = await house.given(house.east, "ann", role="host")
        people = {name: await house.given(house.west, name) for name in ("bo", "cy", "dee")}
        await ann.ask(rooms.SetRole("cy", "cohost"))
        for name in ("cy", "dee", "bo"):
            people[name].command(presence.Set(hand=True), txn=f"hand-{name}")
        await settle()
        await house.begin_anew(house.west, house.east)
        eve = await house.given(house.north, "eve")
        assert eve.snapshot is not None
        shown = eve.snapshot["participants"]
        hands = [who for who in shown if who.get("hand")]
        assert len({who["hand_at"] for who in hands}) == 1
        assert [who["name"] for who in sorted(hands, key=lambda who: who["hand_seq"])] == ["cy", "dee", "bo"]
        assert {who["name"]: who["role"] for who in shown} == {
            "ann": "host", "bo": "participant", "cy": "cohost", "dee": "participant", "eve": "participant",
        }  # fmt: skip

    play(scene)


class Broken:
    """An edge that fails at what all are told."""

    def __getattr__(self, name: str) -> Any:
        def told(*_: Any) -> None:
            if name in ("durable", "ephemeral"):
                raise ZeroDivisionError

        return told


def test_an_edge_that_fails_keeps_no_other_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(house: House) -> None:
        ann = await house.given(house.east, "ann", role="host")
        eve = house.person(house.north, "eve")
        house.tell(open_by_ticket(eve, Broken()))
        await settle()
        bo = await house.given(house.west, "bo")
        await ann.ask(chat.Send(text="hi"))
        await ann.ask(chat.Typing(on=True))
        await settle()
        assert texts(ann) == texts(bo) == ["hi"]
        assert [frame["type"] for frame in bo.ephemerals] == ["chat.typing"]
        assert [record.seq for record in bo.history.records if isinstance(record, Seen)] == [house.actor.state.seq]

    play(scene)
    assert "action=edge_failed" in caplog.text


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_everybody_ends_where_they_are(seed: int) -> None:
    """Edges are lost and found, owners begin anew, sockets die unnoticed or not; then it is quiet for a while. A dead
    socket passes for its person only as long as they are nowhere else."""

    async def scene(house: House) -> None:
        chance, shards = house.chance, [house.east, house.west, house.north]
        chance.seed(seed)
        people = [await house.given(chance.choice(shards), f"p{number}") for number in range(6)]
        dead: dict[Person, list[Any]] = {person: [] for person in people}
        for _ in range(60):
            person, shard = chance.choice(people), chance.choice(shards)
            match chance.randrange(8):
                case 0:
                    house.lose(shard)
                case 1 | 2:
                    shard.room.owner_restarted()
                case 3:
                    await house.begin_anew(*chance.sample(shards, chance.randrange(4)))
                case 4 if is_connected(person):
                    dead[person].append(await comes_back_unnoticed(person, shard))
                case 5:
                    person.drop()
                case 6:
                    person._world = cast(World, shard)
                    await person.resume()
                case _:
                    person.say_something()
            await settle(chance.choice([0, 0.01, 1]))
        for shard in chance.sample(shards, 3):
            shard.room.owner_restarted()
        await settle(GRACE_S + 1)
        there = [who for who in people if is_connected(who) or any(it.closed_with is None for it in dead[who])]
        live = house.actor.attendance.audience.live.shown
        away = {who for who in house.actor.state.participants if who in live and live[who].away}
        assert away == {person.participant for person in people if person not in there}
        assert len(house.actor.attendance) == len(there)
        for person in filter(is_connected, people):
            assert person.seq == house.actor.state.seq
            assert all(it.closed_with is not None for it in dead[person])

    play(scene)

"""A chat as a file: what stands in it, for whom, and that it costs neither memory nor the database."""

import re
from typing import Any

import msgspec
import pytest

from meetserver import limits
from meetserver.chat.messages import Attachment, Deleted, Edited, Message, Reacted, Reaction, Sent
from meetserver.errors import Unavailable
from meetserver.http.export_formats import AsPage, AsText
from tests.contract.eventually import eventually
from tests.integration.http.conftest import Api
from tests.integration.http.test_history import BO, CY, Room

pytestmark = pytest.mark.both_databases

HOSTILE = "</li></ol><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
async def room(api: Api) -> Room:
    ann = await api.given_user()
    return Room(ann, await ann.given_meeting(title=f"Plans {HOSTILE}"))


async def export(room: Room, format_: str, reader: Api | None = None) -> Any:
    return await (reader or room.owner).get(f"{room.path}/messages/export", params={"format": format_})


async def given_a_talk(room: Room) -> None:
    """Seqs: 1 and 2 come in, 3 to 6 are messages."""
    for who in (BO, CY):
        await room.joins(who)
    await room.says(BO, "hello\n[12:00:00] Cy: I never said that")
    await room.says(CY, "a slip")
    await room.happens(CY, Sent(message_id="5-k", name="Cy", text="hello yourself", reply_to="3-k"))
    await room.says(BO, f"a draft {HOSTILE}")
    await room.happens(BO, Edited("6-k", text=f"final {HOSTILE}"))
    await room.happens(CY, Deleted("4-k"))
    await room.happens(CY, Reacted("3-k", "\N{SNOWMAN}", True, CY))


async def test_all_three_hold_what_became_of_the_messages(room: Room) -> None:
    await given_a_talk(room)
    answers = {format_: await export(room, format_) for format_ in ("json", "html", "text")}
    for format_, type_, ending in (
        ("json", "application/json", "json"),
        ("html", "text/html", "html"),
        ("text", "text/plain", "txt"),
    ):
        answer = answers[format_]
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"] == f"{type_}; charset=utf-8"
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("attachment")
        assert re.search(rf"chat\.{ending}", disposition)
        assert answer.headers["Cache-Control"] == "no-store"
    assert answers["json"].body == (await room.owner.get(f"{room.path}/messages")).body["items"]
    for format_ in ("html", "text"):
        content = answers[format_].body.decode()
        assert "a slip" not in content
        assert "a draft" not in content
        for shown in ("hello yourself", "final", "deleted", "edited", "\N{SNOWMAN} Cy"):
            assert shown in content, (format_, shown)


async def test_the_page_runs_nothing(room: Room) -> None:
    await given_a_talk(room)
    answer = await export(room, "html")
    page = answer.body.decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert page.count("<ol>") == page.count("</ol>") == 1
    assert '<a href="#m3" dir="auto">Bo</a>: <span dir="auto">hello' in page


async def test_no_line_of_a_message_looks_like_another_message(room: Room) -> None:
    await given_a_talk(room)
    heads = [line for line in (await export(room, "text")).body.decode().splitlines() if line.startswith("[")]
    assert [re.sub(r"^\[[0-9:]+\] ", "", head) for head in heads] == ["Bo", "Cy", "Cy", "Bo (edited)"]


async def test_private_messages_are_in_the_files_of_those_they_are_for(room: Room) -> None:
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    await room.joins(BO, (await bo.get("/users/me")).body["id"])
    token = await room.joins(CY)
    await room.says(CY, "to Bo alone", to=[BO])
    for format_ in ("json", "html", "text"):
        assert "to Bo alone" not in str((await export(room, format_)).body), "not even for the owner"
        assert "to Bo alone" in str((await export(room, format_, bo)).body)
        path = f"{room.path}/messages/export?format={format_}"
        guest = await room.owner.signed_in(None).get(path, headers={"Authorization": f"Session {token}"})
        assert "to Bo alone" in str(guest.body), "guests export with their session of the room"
    assert "Cy</b>" in (await export(room, "html", bo)).body.decode()
    stranger = await room.owner.signed_in(None).given_user("eve@example.com", "Eve")
    assert (await export(room, "json", stranger)).status == 404


async def test_an_encrypted_chat_is_refused(api: Api) -> None:
    ann = await api.given_user()
    room = Room(ann, await ann.given_meeting(settings={"e2ee": True}))
    answer = await export(room, "json")
    assert (answer.status, answer.code) == (422, "not_supported")


@pytest.mark.parametrize("format_", ["json", "html", "text"])
async def test_an_empty_chat(room: Room, format_: str) -> None:
    answer = await export(room, format_)
    assert answer.status == 200
    assert answer.body == [] if format_ == "json" else "Nothing was said." in answer.body.decode()


async def test_it_is_read_a_page_at_a_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PAGE_ITEMS", 2)
    for number in range(5):
        await room.says(BO, f"text {number}")
    assert [one["text"] for one in (await export(room, "json")).body] == [f"text {number}" for number in range(5)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_stops_reading_holds_no_connection_and_one_of_two_turns(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGE_ITEMS", 1)
    for _ in range(30):
        await room.says(BO, "x" * 500_000)
    path = f"/api/v1{room.path}/messages/export"
    headers = {"Authorization": f"Bearer {room.owner.token}"}
    slow = [await room.owner.client.get(path, headers=headers) for _ in range(limits.EXPORTS_OF_ONE)]
    services = room.owner.services

    async def all_hang() -> bool:
        return services.exports.under_way == limits.EXPORTS_OF_ONE and not services.database._under_way

    async def all_are_over() -> bool:
        return not services.exports.under_way

    await eventually(all_hang)
    refused = await export(room, "json")
    assert (refused.status, refused.code) == (429, "rate_limited")
    for response in slow:
        response.close()
    await eventually(all_are_over)
    assert (await export(room, "text")).status == 200


async def test_what_breaks_off_is_not_taken_for_whole(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PAGE_ITEMS", 1)
    for _ in range(3):
        await room.says(BO, "text")
    history = room.owner.services.history
    read, pages = history.entries_of_type, []

    async def failing(*parts: Any, **more: Any) -> Any:
        pages.append(parts)
        if len(pages) == 3:
            raise Unavailable("the database cannot be reached")
        return await read(*parts, **more)

    monkeypatch.setattr(history, "entries_of_type", failing)
    with pytest.raises(Exception, match=r"(?i)payload|disconnect|reset"):
        await export(room, "json")
    assert not room.owner.services.exports.under_way


async def test_what_goes_while_it_is_written_is_not_taken_for_whole(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGE_ITEMS", 1)
    for _ in range(3):
        await room.says(BO, "text")
    history = room.owner.services.history
    read, pages = history.entries_of_type, list[Any]()

    async def going(*parts: Any, **more: Any) -> Any:
        pages.append(parts)
        if len(pages) == 2:
            assert (await room.owner.delete(room.path)).status == 204
        return await read(*parts, **more)

    monkeypatch.setattr(history, "entries_of_type", going)
    with pytest.raises(Exception, match=r"(?i)payload|disconnect|reset"):
        await export(room, "json")


def a_message(seq: int, text: str, **more: Any) -> Message:
    return Message(f"{seq}-k", seq, "2026-11-22T21:24:00.123Z", BO, "Bo", text, **more)


def test_what_is_answered_is_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXPORT_QUOTED", 2)
    text = AsText("Plans", "2026-11-22T21:24:00.123Z", {})
    for seq in (1, 2, 3):
        text.message(a_message(seq, f"text {seq}"))
    assert "> Bo: text 2" in text.message(a_message(4, "one", reply_to="2-k"))
    assert "> an earlier message" in text.message(a_message(5, "two", reply_to="1-k"))


def test_text_does_nothing_to_a_terminal() -> None:
    written = AsText("Plans\x1b[31m\n[12:00:00] Eve", "2026-11-22T21:24:00.123Z", {})
    content = written.head() + written.message(a_message(1, "a\x1b]0;owned\x07\u202eb\u2028[12:00:00] Eve\r\nc"))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\u2028]", content)
    assert not re.search(r"^\[12:00:00\]", content, re.MULTILINE)


def test_what_is_not_kept_any_more_is_not_passed_over() -> None:
    for kind in (AsText, AsPage):
        heads = [kind("Plans", "2026-11-22T21:24:00.123Z", {}, is_whole=is_whole).head() for is_whole in (False, True)]
        assert ["not kept any more" in head for head in heads] == [True, False]


def test_files_are_told_by_name_and_size() -> None:
    file = Attachment("f1", "<b>plan</b>\n.pdf", "application/pdf", 3 * 2**20)
    one = a_message(1, "", files=[file])
    assert "[file] <b>plan</b> .pdf (3 MiB)" in AsText("Plans", one.at, {}).message(one)
    assert '<li dir="auto">&lt;b&gt;plan&lt;/b&gt;\n.pdf (3 MiB)</li>' in AsPage("Plans", one.at, {}).message(one)


def test_nobody_s_writing_direction_is_another_s() -> None:
    """A name that begins with an override turns the rest of its line around, unless it stands apart."""
    page = AsPage("Plans", "2026-11-22T21:24:00.123Z", {CY: "\u202eCy"})
    page.message(msgspec.structs.replace(a_message(1, "שלום, Bo"), name="\u202eeB"))
    shown = page.message(a_message(2, "one", to=[CY], reply_to="1-k", reactions=(Reaction("\N{SNOWMAN}", (CY,)),)))
    for written in (
        "\u202eeB</a>",
        "שלום, Bo</span>",
        "\u202eCy</span> alone",
        "\N{SNOWMAN} \u202eCy</span>",
        "one</div>",
    ):
        assert f' dir="auto">{written}' in shown


def test_a_day_stands_once_over_its_messages() -> None:
    page = AsPage("Plans", "2026-11-22T21:24:00.123Z", {})
    first, second = page.message(a_message(1, "one")), page.message(a_message(2, "two"))
    next_day = page.message(msgspec.structs.replace(a_message(3, "three"), at="2026-11-23T00:00:00.000Z"))
    assert ("<h2>" in first, "<h2>" in second, next_day.startswith("</ol>")) == (True, False, True)

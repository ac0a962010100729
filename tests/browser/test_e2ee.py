"""Encrypted chat in real browsers: who is there reads it, nobody else does, the server least of all."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FilePayload, WebSocket, expect

from tests.browser.conftest import Invite, on_its_own_server
from tests.browser.doors import given_a_meeting, have_an_account
from tests.browser.person import Person
from tests.browser.test_chat_files import choose, enclosed, photo, saved
from tests.browser.test_files import open_files
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "e2ee-vectors.json").read_text())

# What the modules of the web client make of the vectors: everything that they should find there.
FROM_VECTORS = """
async (vectors) => {
  const scheme = await import("/static/js/e2ee/scheme.js");
  const { context, fromText, toText } = await import("/static/js/e2ee/bytes.js");
  const { room, sender } = vectors;
  const party = (id) => vectors.members.find((one) => one.participant === id);
  const privateKey = ({ identity, private_scalar: d }) => {
    const point = fromText(identity);
    const jwk = { kty: "EC", crv: "P-256", x: toText(point.slice(1, 33)), y: toText(point.slice(33)), d };
    return crypto.subtle.importKey("jwk", jwk, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  };
  const ada = party(sender.participant);
  const place = { room, sender: ada.participant, keyId: sender.key_id };
  const wrapped = {}, opened = {};
  for (const [id, { nonce, wrapped: text }] of Object.entries(vectors.wrapped)) {
    const how = { room, sender: ada, receiver: party(id), keyId: sender.key_id };
    const made = { key: fromText(sender.key), nonce: fromText(nonce) };
    wrapped[id] = await scheme.wrap({ ...how, ...made, privateKey: await privateKey(ada) });
    const key = await scheme.unwrap({ ...how, privateKey: await privateKey(party(id)), wrapped: text });
    opened[id] = [];
    for (const { ciphertext: sealed, kind, about } of vectors.messages)
      opened[id].push((await scheme.open({ ...place, key, sealed, kind, about })).content);
  }
  const key = await scheme.importSenderKey(fromText(sender.key), "encrypt");
  const sealed = [];
  for (const { ciphertext, ...message } of vectors.messages)
    sealed.push(await scheme.seal({ ...place, key, ...message }));
  const codes = [];
  for (const { participants } of vectors.safety_codes)
    codes.push(await scheme.safetyCode(room, participants.map(party)));
  const { sealFile, openFile, paddedSize } = await import("/static/js/e2ee/files.js");
  const files = [];
  for (const { key: fileKey, repeated, times } of vectors.files) {
    const plain = new Blob([repeated.repeat(times)]);
    const whole = new Blob((await sealFile(plain, room, fromText(fileKey))).pieces);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await whole.arrayBuffer()));
    const isBack = (await (await openFile(whole, room, fileKey)).text()) === repeated.repeat(times);
    files.push([[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""), isBack]);
  }
  const contexts = vectors.context.map(({ parts }) => toText(context(...parts)));
  const padded = vectors.padded_sizes.map(({ size }) => paddedSize(size));
  return { files, padded, contexts, wrapped, opened, sealed, codes };
}
"""

# Keeps what somebody's page could still have after they left: their identity key.
KEEP_IDENTITY = """
async ({ room, participant }) => {
  window.kept = await (await import("/static/js/e2ee/vault.js")).recallIdentity(room, participant);
}
"""
FORGOT_IDENTITY = """
async ({ room, participant }) => {
  const { recallIdentity } = await import("/static/js/e2ee/vault.js");
  while (await recallIdentity(room, participant)) await new Promise((resolve) => setTimeout(resolve, 20));
}
"""
# Everything in these frames that opens with that key, whomever it was for.
OPEN_ALL = """
async ({ room, participant, frames }) => {
  const scheme = await import("/static/js/e2ee/scheme.js");
  const receiver = { participant, identity: window.kept.identity };
  const identities = {}, keys = {}, texts = [];
  for (const { type, by, data } of frames) {
    if (type === "e2ee.published") identities[data.participant] = data.key;
    if (type === "e2ee.shared")
      for (const wrapped of Object.values(data.wrapped)) {
        const sender = { participant: by, identity: identities[by] };
        const how = { privateKey: window.kept.privateKey, room, sender, receiver, keyId: data.key_id, wrapped };
        const key = await scheme.unwrap(how).catch(() => null);
        if (key) keys[data.key_id] = key;
      }
    if (type === "chat.sent")
      for (const [keyId, key] of Object.entries(keys)) {
        const how = { key, sealed: data.ciphertext, room, sender: by, keyId, kind: "send", about: "" };
        const { content } = await scheme.open(how).catch(() => ({}));
        if (content) texts.push(content.text);
      }
  }
  return texts;
}
"""
READ_LOG = "async (meeting) => (await fetch(`/api/v1/meetings/${meeting}/events?limit=500`)).text()"
# What the server has of the meeting's files, to who may read them.
READ_FILES = """
async (meeting) => {
  const { items } = await (await fetch(`/api/v1/meetings/${meeting}/files`)).json();
  const bodies = items.map(async ({ id }) => (await fetch(`/api/v1/files/${id}/content`)).text());
  return [JSON.stringify(items), ...(await Promise.all(bodies))];
}
"""
CODE = re.compile(r"^(\d{5} ){7}\d{5}$")


class Wire:
    """All that goes over somebody's sockets."""

    def __init__(self, person: Person) -> None:
        self.frames: list[str] = []
        person.page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        for direction in ("framesent", "framereceived"):
            socket.on(direction, lambda payload: self.frames.append(str(payload)))

    @property
    def read(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.frames]

    @property
    def room(self) -> str:
        return next(str(frame["ok"]["snapshot"]["room"]["id"]) for frame in self.read if _has_snapshot(frame))

    @property
    def participant(self) -> str:
        return next(str(frame["ok"]["participant"]) for frame in self.read if _has_snapshot(frame))


def _has_snapshot(frame: dict[str, Any]) -> bool:
    return "snapshot" in (frame.get("ok") or {})


async def safety_code(one: Person) -> str:
    await one.page.locator(".badge.encrypted").click()
    code = one.page.locator(".safety-code")
    await expect(code).to_have_text(CODE)
    text = await code.text_content()
    await one.press("It is the same")
    return text or ""


async def mend_last(one: Person, text: str) -> None:
    """Change the message that they wrote last."""
    await one.page.locator(".composer textarea").press("ArrowUp")
    await one.page.get_by_label("Change the message").fill(text)
    await one.page.get_by_label("Change the message").press("Enter")


async def say_alone(one: Person, to: str, text: str) -> None:
    await one.press("Write to some people only")
    await one.page.get_by_role("dialog").get_by_label(to).check()
    await one.page.get_by_role("dialog").get_by_role("button", name="Choose").click()
    await one.page.get_by_label(f"Message to {to}").fill(text)
    await one.press("Send")


async def test_the_vectors_of_the_documentation(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    await ada.page.goto("/")

    found = await ada.page.evaluate(FROM_VECTORS, VECTORS)

    assert found["contexts"] == [one["bytes"] for one in VECTORS["context"]]
    assert found["wrapped"] == {who: one["wrapped"] for who, one in VECTORS["wrapped"].items()}
    contents = [one["content"] for one in VECTORS["messages"]]
    assert found["opened"] == dict.fromkeys(VECTORS["wrapped"], contents)
    assert found["sealed"] == [one["ciphertext"] for one in VECTORS["messages"]]
    assert found["files"] == [[one["sealed_sha256"], True] for one in VECTORS["files"]]
    assert found["padded"] == [one["padded"] for one in VECTORS["padded_sizes"]]
    assert found["codes"] == [one["code"] for one in VECTORS["safety_codes"]]


@on_its_own_server
async def test_only_who_is_there_reads_what_is_said(server: MeetServer, person: Invite, artifacts: Path) -> None:
    names = ("Ada Lovelace", "Grace Hopper", "Cy Young", "Di Prima")
    ada, grace, cy, di = [await person(name) for name in names]
    wires = {one.name: Wire(one) for one in (ada, grace, cy, di)}
    await have_an_account(ada, server)
    link = await given_a_meeting(ada, "End-to-end encrypted chat")
    await ada.join(link)
    for one in (grace, cy):
        await one.join(link, as_guest=True)

    said = ["first quokka from Ada", "second quokka from Grace", "third quokka from Cy"]
    for one, text in zip((ada, grace, cy), said, strict=True):
        await one.say(text)
    for one in (ada, grace, cy):
        if not await one.page.locator(".chat").is_visible():
            await one.page.locator("[data-tool=chat]").click()
        for text in said:
            await one.sees_message(text)
    assert len({await safety_code(one) for one in (ada, grace, cy)}) == 1
    await expect(ada.page.locator(".badge.encrypted")).to_have_attribute("data-state", "compared")
    await ada.take_picture(artifacts / "encrypted.png")

    plans: FilePayload = {"name": "quokka plans.txt", "mimeType": "text/plain", "buffer": b"quokka content\n" * 100}
    await choose(ada, photo("quokka.png"), plans)
    await ada.press("Send")
    for one in (grace, cy):
        assert await saved(one, "quokka plans.txt") == plans["buffer"]
    await expect(enclosed(grace, "quokka.png").locator("img")).to_have_js_property("naturalWidth", 240)
    await enclosed(grace, "quokka.png").get_by_role("button").click()
    shown = grace.page.get_by_role("dialog", name="quokka.png").locator("img")
    await expect(shown).to_have_js_property("naturalWidth", 320)
    await grace.page.keyboard.press("Escape")
    listed = (await open_files(grace)).locator(".file", has_text="quokka plans.txt")
    async with grace.page.expect_download() as coming:
        await listed.get_by_role("button", name="Download").click()
    assert (await (await coming.value).path()).read_bytes() == plans["buffer"]
    await grace.page.locator("[data-tool=chat]").click()

    gone = {"room": wires["Cy Young"].room, "participant": wires["Cy Young"].participant}
    await cy.page.evaluate(KEEP_IDENTITY, gone)
    await cy.page.locator("[data-tool=leave]").click()
    await cy.page.evaluate(FORGOT_IDENTITY, gone)
    await expect(ada.page.locator(".tile")).to_have_count(2)
    await expect(ada.page.locator(".badge.encrypted")).to_have_attribute("data-state", "changed")
    await ada.say("fourth quokka after Cy")
    await grace.sees_message("fourth quokka after Cy")

    await di.join(link, as_guest=True)
    await di.page.locator("[data-tool=chat]").click()
    await expect(di.page.locator(".message .unreadable")).to_have_count(5)
    await grace.say("fifth quokka for Di")
    for one in (ada, grace, di):
        await one.sees_message("fifth quokka for Di")
    await expect(di.page.locator(".messages").get_by_text("quokka")).to_have_count(1)
    await di.take_picture(artifacts / "encrypted-newcomer.png")

    await mend_last(ada, "fourth quokka, mended")
    await grace.sees_message("fourth quokka, mended")
    await say_alone(ada, "Grace Hopper", "sixth quokka for Grace alone")
    await grace.sees_message("sixth quokka for Grace alone")
    await grace.page.reload()
    await grace.page.locator("[data-tool=chat]").click()
    for text in (*said, "fourth quokka, mended", "fifth quokka for Di", "sixth quokka for Grace alone"):
        await grace.sees_message(text)
    assert await saved(grace, "quokka plans.txt") == plans["buffer"], "also after a reload"
    await expect(di.page.locator(".messages").get_by_text("alone")).to_have_count(0)

    everything = {"frames": wires["Ada Lovelace"].read, **gone}
    assert await cy.page.evaluate(OPEN_ALL, everything) == [*said, ""]
    frames = "\n".join(frame for wire in wires.values() for frame in wire.frames)
    log = await ada.page.evaluate(READ_LOG, link.rpartition("/")[2])
    files = await ada.page.evaluate(READ_FILES, link.rpartition("/")[2])
    assert len(files) == 3
    assert 1536 + 16 in [one["size_bytes"] for one in json.loads(files[0])], "1500 bytes, padded and sealed"
    assert not any("quokka" in one for one in files)
    for kept in (frames, log):
        assert "Grace Hopper" in kept
        assert "chat.sent" in kept
        assert "quokka" not in kept
    stored = [path.read_bytes() for path in server.folder.rglob("*") if path.is_file()]
    assert sum(map(len, stored)) > 100_000
    assert not any(b"quokka" in content for content in stored)

    await grace.page.locator("[data-tool=leave]").click()
    await expect(ada.page.locator(".tile")).to_have_count(2)
    await ada.page.get_by_label("Message to somebody who left").fill("one more for Grace")
    await ada.press("Send")
    await expect(ada.page.locator(".pending.failed")).to_contain_text("cannot read encrypted messages")
    assert ada.dialogs == []
    await ada.page.reload()
    assert ada.dialogs == ["beforeunload"], "what was not sent is not lost without a word"

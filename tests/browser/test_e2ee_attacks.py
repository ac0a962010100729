"""What the page of somebody in an encrypted chat makes of a server that lies, and of people who mean ill."""

from typing import Any

import pytest

from tests.browser.conftest import Invite
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

# A page's own modules, of Ann, between a session whose server is this test and a store; Bo writes to her.
ROOM = """
const { Emitter, Bag } = await import("/static/js/emitter.js");
const { Store } = await import("/static/js/room/store.js");
const { Connection } = await import("/static/js/room/connection.js");
const { CommandError } = await import("/static/js/room/socket.js");
const { Secrets } = await import("/static/js/e2ee/secrets.js");
const { Outbox } = await import("/static/js/chat/outbox.js");
const scheme = await import("/static/js/e2ee/scheme.js");
const { fromText } = await import("/static/js/e2ee/bytes.js");

class Line extends Emitter {
  status = { state: "online" };
  resumeToken = "token";
  taken = [];
  refuse = () => null;
  seq = 10;
  async durable(type, data) {
    if (this.refuse(type, data)) throw new CommandError({ code: "conflict" });
    if (type === "e2ee.publish") this.told("e2ee.published", "ann", { participant: "ann", key: data.key });
    this.taken.push({ type, data });
    return { message_id: String(this.taken.length) };
  }
  told(type, by, data) {
    this.seq += 1;
    this.emit("event", { type, epoch: 1, seq: this.seq, at: "2026-01-01T00:00:00Z", by, data });
  }
}
const line = new Line(), store = new Store(), bag = new Bag(), room = crypto.randomUUID();
const secrets = new Secrets({ session: line, store, bag });
const outbox = new Outbox({ session: line, store, secrets, bag });
new Connection(line, store, { meeting: "m", join: {}, secrets });
const until = async (isSo) => { while (!isSo()) await new Promise((done) => setTimeout(done, 5)); };
const bo = { participant: "bo", ...(await scheme.makeIdentity()) };
const messages = [
  { message_id: "old", seq: 1, by: "bo", name: "Bo", text: "in clear", at: "2026-01-01T00:00:00Z" },
  { message_id: "gone", seq: 2, by: "bo", name: "Bo", text: "", deleted_at: "2026-01-01T00:00:00Z" },
];
const participants = [{ id: "ann", name: "Ann" }, { id: "bo", name: "Bo" }];
const come = (more = {}) => line.emit("opened", { epoch: 1, seq: 10, participant: "ann", session: "s", state: "in",
  snapshot: { room: { id: room, settings: { e2ee: true } }, participants, chat: { messages },
    e2ee: { keys: { bo: bo.identity }, shares: [] }, ...more } });
const lastOf = async (id) => {
  await until(() => store.chat.messages.some((one) => one.message_id === id));
  return store.chat.messages.find((one) => one.message_id === id);
};
"""
LIES = (
    "async () => {"
    + ROOM
    + """
  come();
  await until(() => store.participants.size === 2 && secrets.everybody.every((one) => one.identity));
  const bytes = scheme.newSenderKey(), keyId = scheme.newKeyId();
  const ann = { participant: "ann", identity: secrets.everybody[0].identity };
  const who = { privateKey: bo.privateKey, room, sender: bo, receiver: ann, keyId, key: bytes };
  line.told("e2ee.shared", "bo", { key_id: keyId, wrapped: { ann: await scheme.wrap(who) } });
  const key = await scheme.importSenderKey(bytes, "encrypt");
  let counter = 0;
  const seal = (content, kind = "send", about = "") =>
    scheme.seal({ key, room, sender: "bo", keyId, counter: counter++, kind, about, content });
  const say = async (id, data) => {
    line.told("chat.sent", "bo", { message_id: id, name: "Bo", ...data });
    const { name, text, unreadable, files, enclosed } = await lastOf(id);
    return { name, text, unreadable: unreadable ?? null, shown: (files ?? []).length + (enclosed ?? []).length };
  };
  const honest = await seal({ text: "honest" });
  const told = { id: "f", key: "k", name: "n", media_type: "text/plain", size_bytes: 1 };
  const lie = { text: "a lie", enclosed: [told], ciphertext: honest.slice(0, -4) + "AAAA", key_id: keyId };
  const found = {
    honest: await say("1", { ciphertext: honest, key_id: keyId }),
    "in clear": await say("2", { text: "a lie" }),
    "a file in clear": await say("3", { text: "", files: [told] }),
    "beside what cannot be opened": await say("4", lie),
    "once more": await say("5", { ciphertext: honest, key_id: keyId }),
    "as somebody else": await say("6", { name: "Ann", ciphertext: await seal({ text: "mine" }), key_id: keyId }),
    "far too much": await say("7", {
      ciphertext: await seal({ text: "x".repeat(9000), files: Array(30).fill(told) }), key_id: keyId }),
    "to her alone": await say("10", {
      ciphertext: await seal({ text: "alone", to: ["ann"] }), key_id: keyId, to: ["ann"] }),
    "as if to everybody": await say("11", { ciphertext: await seal({ text: "alone", to: ["ann"] }), key_id: keyId }),
    "as if to her alone": await say("12", {
      ciphertext: await seal({ text: "to all", to: null }), key_id: keyId, to: ["ann"] }),
    unknown: await say("8", { ciphertext: honest, key_id: scheme.newKeyId() }),
  };
  line.told("chat.edited", "bo", { message_id: "1", text: "a lie" });
  await until(() => store.chat.messages.find((one) => one.message_id === "1").edited_at);
  const { Deeds } = await import("/static/js/chat/deeds.js");
  const deeds = new Deeds({ session: line, store, secrets });
  store.participants.get("ann").user = "u";
  store.chat.people.set("before", { name: "Ann", user: "u" });
  const mayEdit = ["ann", "before", "bo"].filter((by) => deeds.mayEdit({ by, text: "mine" }));
  const { recallIdentity } = await import("/static/js/e2ee/vault.js");
  const kept = [Boolean(await recallIdentity(room, "ann"))];
  const past = [{ message_id: "9", by: "bo", name: "Ann", text: "a lie" }];
  await secrets.read(past);
  const shortly = ({ name, text, unreadable }) => ({ name, text, unreadable: unreadable ?? null });
  const shortlyOf = async (id) => shortly(await lastOf(id));
  const seen = { found, old: await shortlyOf("old"), gone: await shortlyOf("gone"), edited: await shortlyOf("1") };
  line.emit("opened", { epoch: 1, seq: line.seq, participant: "ann-again", session: "t", state: "in",
    snapshot: { room: { id: room, settings: { e2ee: true } }, participants, e2ee: { keys: {}, shares: [] } } });
  await until(() => store.self.participant === "ann-again");
  while (await recallIdentity(room, "ann")) await new Promise((done) => setTimeout(done, 5));
  kept.push(Boolean(await recallIdentity(room, "ann-again")));
  return { ...seen, past: shortly(past[0]), mayEdit, kept };
}"""
)
NOT_SHOWN = "This is not encrypted, so that anybody may have written it: it is not shown."
BROKEN = "This message cannot be opened: it is not what its author wrote, or not for you."


def shown(text: str, unreadable: str | None = None, files: int = 0) -> dict[str, Any]:
    return {"name": "Bo", "text": text, "unreadable": unreadable, "shown": files}


def said(text: str, unreadable: str | None = None) -> dict[str, Any]:
    return {"name": "Bo", "text": text, "unreadable": unreadable}


# While a part of a large room is still on its way; then two messages, of which the first has to be sealed anew.
SENT = (
    "async () => {"
    + ROOM
    + """
  const { fetch } = window;
  let arrive;
  window.fetch = () => new Promise((resolve) => (arrive = () => resolve(Response.json({ messages: [], more: false }))));
  let tries = 0;
  line.refuse = (type) => type === "e2ee.publish" && tries++ === 0; // there was no room for her at first
  come({ chat: { href: "/api/v1/part", seq: 1 } });
  outbox.send({ text: "said at once" });
  await until(() => arrive);
  const early = line.taken.length;
  arrive();
  window.fetch = fetch;
  await until(() => line.taken.some(({ type }) => type === "chat.send"));
  const first = line.taken.find(({ type }) => type === "chat.send").data;
  let refused = 0;
  line.refuse = (type, { reply_to: to }) => type === "chat.send" && to === "one" && refused++ === 0;
  outbox.send({ text: "first", reply_to: "one" });
  await until(() => refused > 0);
  outbox.send({ text: "second", reply_to: "two" });
  const answers = () => line.taken.map(({ data }) => data.reply_to).filter(Boolean);
  await until(() => answers().length === 2);
  const shared = line.taken.find(({ type }) => type === "e2ee.share").data;
  const ann = { participant: "ann", identity: line.taken[0].data.key ?? secrets.everybody[0].identity };
  const how = { room, sender: ann, receiver: bo, keyId: shared.key_id, privateKey: bo.privateKey };
  const key = await scheme.unwrap({ ...how, wrapped: shared.wrapped.bo });
  const where = { key, room, sender: "ann", keyId: first.key_id, kind: "send", about: "" };
  const { content } = await scheme.open({ ...where, sealed: first.ciphertext });
  return { early, first: Object.keys(first).sort(), content, answers: answers() };
}"""
)

# Files given while others are still being sealed: a message takes no more than 20.
FILES = (
    "async () => {"
    + ROOM
    + """
  const { Attachments } = await import("/static/js/chat/attachments.js");
  come();
  await until(() => store.participants.size === 2);
  const access = { headers: () => ({}), mayBring: () => true };
  const attachments = new Attachments({ meeting: "m", access, secrets, bag });
  const given = () => attachments.add(Array.from({ length: 15 }, (_, at) => new File(["x"], `${at}.txt`)));
  const adding = [given(), given()];
  const busy = [attachments.isBusy, attachments.element.hidden, attachments.element.textContent];
  await Promise.all(adding);
  const count = attachments.element.querySelectorAll("li").length;
  bag.empty();
  return { busy, count };
}"""
)

# In a page that may not encrypt, as it did not come over https.
UNABLE = (
    "async () => {"
    + ROOM
    + """
  Object.defineProperty(crypto, "subtle", { value: undefined });
  come();
  await until(() => store.participants.size === 2);
  line.emit("event", { type: "drain", data: { message: "a word of the server's" } });
  line.told("chat.sent", "bo", { message_id: "1", name: "Bo", text: "a lie", ciphertext: "x", key_id: "k" });
  line.told("chat.sent", "bo", { message_id: "2", name: "Bo", text: "a lie" });
  outbox.send({ text: "not in clear" });
  await until(() => [...outbox.entries.values()][0].state === "failed");
  const seen = store.chat.messages.map(({ text, unreadable }) => text + (unreadable ?? ""));
  return { seen, taken: line.taken.length };
}"""
)

# Somebody comes while the code is read aloud; then it is compared anew.
COMPARED = (
    "async () => {"
    + ROOM
    + """
  const { lockButton } = await import("/static/js/e2ee/lock.js");
  const lock = lockButton({ secrets, store, bag });
  document.body.append(lock);
  come();
  await until(() => lock.dataset.state === "open" && secrets.everybody.every((one) => one.identity));
  const code = () => document.querySelector("dialog .safety-code")?.textContent;
  const buttons = () => [...document.querySelectorAll("dialog button")];
  const press = (name) => buttons().find((one) => one.textContent === name).click();
  const notice = () => document.querySelector("dialog [role=alert]").hidden;
  const found = [];
  lock.click();
  await until(code);
  const first = code();
  found.push(notice());
  line.told("participant.joined", "eve", { participant: { id: "eve", name: "Eve" } });
  line.told("e2ee.published", "eve", { participant: "eve", key: (await scheme.makeIdentity()).identity });
  await until(() => code() !== first);
  found.push(notice());
  press("It is the same");
  await until(() => lock.dataset.state !== "open");
  found.push(lock.dataset.state);
  lock.click();
  await until(code);
  press("It is the same");
  await until(() => lock.dataset.state !== "changed");
  return [...found, lock.dataset.state];
}"""
)


async def test_what_a_server_says_that_lies_is_not_shown_as_somebodys(server: MeetServer, person: Invite) -> None:
    ann = await person("Ann")
    await ann.page.goto("/")

    seen = await ann.page.evaluate(LIES)

    again = "This is an earlier message once more, and not by its author."
    assert seen["found"] == {
        "honest": shown("honest"),
        "in clear": shown("", NOT_SHOWN),
        "a file in clear": shown("", NOT_SHOWN),
        "beside what cannot be opened": shown("", BROKEN),
        "once more": shown("", again),
        "as somebody else": shown("mine"),
        "far too much": shown("x" * 8000, files=20),
        "to her alone": shown("alone"),
        "as if to everybody": shown("", BROKEN),
        "as if to her alone": shown("", BROKEN),
        "unknown": shown("", seen["found"]["unknown"]["unreadable"]),
    }
    assert "Ask its author to send it again" in seen["found"]["unknown"]["unreadable"]
    assert seen["old"] == seen["edited"] == seen["past"] == said("", NOT_SHOWN)
    assert seen["gone"] == said("")
    assert seen["kept"] == [True, True], "as who she was, until she was somebody new"
    assert seen["mayEdit"] == ["ann"], "what was written as another participant is opened as that one's"

    sent = await ann.page.evaluate(SENT)
    assert sent == {
        "early": 0,
        "first": ["ciphertext", "key_id"],
        "content": {"text": "said at once", "to": None},
        "answers": ["one", "two"],
    }
    assert await ann.page.evaluate(FILES) == {"busy": [True, False, "Encrypting…"], "count": 20}
    assert await ann.page.evaluate(COMPARED) == [True, False, "changed", "compared"]
    unable = "This chat is encrypted, for which the page has to be opened over https."
    seen = await ann.page.evaluate(UNABLE)
    assert seen == {"seen": [NOT_SHOWN, "", unable, NOT_SHOWN], "taken": 0}

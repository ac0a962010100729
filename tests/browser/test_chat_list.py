"""A long chat in the list of a page: how fast it is, and that nobody is led away from what they read."""

import pytest

from tests.browser.conftest import Invite
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

# The list alone, in a page of its own, of somebody who has read back through 5,000 messages.
LONG = """
async () => {
  const { Emitter, Bag } = await import("/static/js/emitter.js");
  const { Store } = await import("/static/js/room/store.js");
  const { Outbox } = await import("/static/js/chat/outbox.js");
  const { MessageList } = await import("/static/js/chat/list.js");
  const { addOlder } = await import("/static/js/chat/reducer.js");
  const store = new Store(), bag = new Bag();
  const lines = Object.assign(new Emitter(), { all: [] });
  const session = { durable: () => session.answer };
  const outbox = new Outbox({ session, store, secrets: { isOn: false }, bag });
  const past = { loadOlder: async () => false }, enclosed = { element: () => null };
  const parts = { store, outbox, lines, past, deeds: {}, enclosed, onMenu() {}, bag };
  const list = new MessageList(parts);
  document.body.replaceChildren(list.element);
  list.element.style.cssText = "height: 600px; overflow: auto";
  const one = (seq) => ({ message_id: `m${seq}`, seq, by: `p${seq % 7}`, name: "Bo",
    text: `**Message** ${seq}, and more`, at: new Date(seq * 60_000).toISOString() });
  const page = (from, count) => Array.from({ length: count }, (_, at) => one(from + at));
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const laid = () => list.element.scrollHeight;
  bag.add(store.on("chat", ({ message }) => message && list.arrived(message)));
  const self = { participant: "me", session: "s" };
  store.reset({ chat: { messages: page(10_000, 100), more: true } }, self, 10_100);
  list.showAll();
  list.toEnd();
  let seq = 10_100;
  const arrive = () => {
    store.apply({ type: "chat.sent", seq, at: one(seq).at, by: "p1", data: one(seq) });
    seq += 1;
    laid();
  };

  list.element.scrollTop = 0;
  await frame();
  const began = performance.now();
  for (let from = 9950; store.chat.messages.length < 5000; from -= 50) (addOlder(store, page(from, 50), true), laid());
  const loadMs = performance.now() - began;
  list.element.scrollTop = 300;
  await frame();
  const top = () => document.elementFromPoint(100, 20).closest("[data-message]")?.dataset.message;
  const read = top();
  const arriving = performance.now();
  for (let count = 0; count < 20; count += 1) arrive();
  const arriveMs = (performance.now() - arriving) / 20;
  await frame();
  const stillRead = top();

  session.answer = new Promise(() => {});
  outbox.send({ text: "one" });
  const atEndWithOwn = list.isAtEnd;
  list.element.scrollTop = 300;
  await frame();
  outbox.discard([...outbox.entries.keys()][0]);
  await frame();
  const notLedAway = top() === read;

  list.toEnd();
  await frame();
  list.element.style.height = "300px"; // a keyboard comes up
  await frame();
  const atEndWithKeyboard = list.isAtEnd;
  arrive();
  await frame();
  const kept = list.element.querySelectorAll("[data-message]").length;

  session.answer = Promise.reject(Object.assign(new Error("no"), { code: "busy" }));
  outbox.send({ text: "two" });
  await frame();
  [...list.element.querySelectorAll("button")].find((button) => button.textContent === "Discard").focus();
  document.activeElement.click();
  const focus = document.activeElement.getAttribute("aria-label");
  return { loadMs, arriveMs, read, stillRead, atEndWithOwn, notLedAway, atEndWithKeyboard, kept, focus };
}
"""


async def test_whoever_reads_far_back_is_not_led_away(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    await ada.page.goto("/")

    seen = await ada.page.evaluate(LONG)

    assert seen["read"] == seen["stillRead"] is not None
    assert seen["atEndWithOwn"]
    assert seen["notLedAway"]
    assert seen["atEndWithKeyboard"]
    assert seen["kept"] == 2000
    assert seen["focus"] == "Messages"
    assert seen["arriveMs"] < 100

"""What strangers draw is free-form JSON: it changes no object of a page but the one that it is."""

import asyncio
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

REDUCER = Path(__file__).parents[2] / "meetserver" / "web" / "static" / "js" / "whiteboard" / "reducer.js"

SCRIPT = """
const { empty, events, pageOf, sheetOf } = await import(process.argv[1]);
const hostile = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "toString": 1}';
const data = (more) => ({ by: "ann", data: { ...JSON.parse(hostile), ...more } });
const names = ["__proto__", "constructor", "a"];
const store = { board: empty(), emit() {}, participants: new Map(), self: { participant: "ann" } };
const { board } = store;
for (const page of names) {
  for (const id of names) {
    const ops = [{ op: "put", id, element: JSON.parse(hostile) }, { op: "patch", id, fields: JSON.parse(hostile) }];
    events["whiteboard.applied"](store, data({ page, ops }));
  }
  const sheet = { ...JSON.parse(hostile), other: { locked: true } };
  events["whiteboard.page_added"](store, data({ page, index: 0, sheet }));
}
const elements = names.flatMap((page) => pageOf(board, page).inOrder.map(({ element }) => element));
const isPlain = (one) => Object.getPrototypeOf(one) === Object.prototype;
console.log(JSON.stringify({
  elements: elements.length,
  plain: elements.every(isPlain),
  polluted: "polluted" in {} || "polluted" in [] || "polluted" in board || sheetOf(board, "other").locked,
}));
"""


async def test_no_element_reaches_a_prototype() -> None:
    node = compute_driver_executable()[0]
    process = await asyncio.create_subprocess_exec(
        node, "--input-type=module", "-e", SCRIPT, REDUCER.as_uri(), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert said.decode().strip() == '{"elements":9,"plain":true,"polluted":false}'

"""What strangers draw is free-form JSON: it changes no object of a page but the one that it is."""

import asyncio
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

REDUCER = Path(__file__).parents[2] / "meetserver" / "web" / "static" / "js" / "whiteboard" / "reducer.js"

SCRIPT = """
const source = "data:text/javascript," + encodeURIComponent(await new Response(process.stdin).text());
const { applyOp, empty } = await import(source);
const hostile = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "toString": 1}';
const board = empty();
for (const id of ["__proto__", "constructor", "a"]) {
  applyOp(board, { op: "put", id, element: JSON.parse(hostile) });
  applyOp(board, { op: "patch", id, fields: JSON.parse(hostile) });
}
const elements = [...board.elements.values()];
console.log(JSON.stringify({
  elements: elements.length,
  plain: elements.every((one) => Object.getPrototypeOf(one) === Object.prototype),
  polluted: "polluted" in {} || "polluted" in [] || "polluted" in board,
}));
"""


async def test_no_element_reaches_a_prototype() -> None:
    node = compute_driver_executable()[0]
    process = await asyncio.create_subprocess_exec(
        node, "--input-type=module", "-e", SCRIPT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(REDUCER.read_bytes())
    assert said.decode().strip() == '{"elements":3,"plain":true,"polluted":false}'

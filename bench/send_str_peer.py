"""The peer of bench/fanout.py: the plainest aiohttp room, which sends each message to each member by `send_str`."""

import sys

import uvloop
from aiohttp import WSMsgType, web

members: set[web.WebSocketResponse] = set()


async def handle(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    members.add(socket)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            for member in members:
                if member is not socket:
                    await member.send_str(message.data)
    members.discard(socket)
    return socket


def main(port: int) -> None:
    app = web.Application()
    app.router.add_get("/room", handle)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))

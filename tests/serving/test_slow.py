"""A head that does not come in time ends the connection; one that does is answered."""

import asyncio

import uvicorn
from uvicorn.protocols.http import auto

from serving import slow


async def app(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def ask(port: int, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.1)
    try:
        return await asyncio.wait_for(reader.read(64), 5)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def answers() -> list[bytes]:
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", http="auto")
    server = uvicorn.Server(config)
    served = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    head = (b"GET / HTTP/1.1\r\nHost: h\r\n", b"Connection: close\r\n\r\n")
    found = [await ask(port, *head), await ask(port, head[0]), await ask(port)]
    server.should_exit = True
    await served
    return found


def test_slow_heads_are_cut(monkeypatch) -> None:
    monkeypatch.setattr(auto, "AutoHTTPProtocol", auto.AutoHTTPProtocol)
    monkeypatch.setattr(slow.Prompt, "seconds", 1.0)
    slow.cut_slow_heads(0.5)
    whole, half, nothing = asyncio.run(answers())
    assert whole.startswith(b"HTTP/1.1 204")
    assert (half, nothing) == (b"", b"")

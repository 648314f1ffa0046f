"""The Python client for asyncio, against a real server."""

import asyncio

import numpy as np
import palate
import pytest
from relay import Wire

ROWS = np.eye(8, dtype=np.float32)


async def fill(client, name):
    await client.create_collection(name, 8, "l2")
    await client.load(name, np.arange(8), ROWS)


def test_many_calls_go_on_at_once_and_each_gets_its_own_answer(server):
    async def main():
        async with palate.AsyncClient(server.address, size=4) as client:
            await fill(client, "async")
            asked = [client.query("async", ROWS[number % 8], k=1) for number in range(200)]
            for number, found in enumerate(await asyncio.gather(*asked)):
                assert found.ids.ravel().tolist() == [number % 8]

    asyncio.run(main())


def test_the_event_loop_goes_on_meanwhile(server):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        async with palate.AsyncClient(server.address) as client:
            ticking = asyncio.create_task(tick())
            await client.ping()
            ticking.cancel()
        assert ticks > 0

    asyncio.run(main())


def test_errors_and_cancelled_calls_leave_the_client_in_order(server):
    async def main():
        async with palate.AsyncClient(server.address, size=1) as client:
            await fill(client, "async-errors")
            with pytest.raises(palate.UnknownCollection):
                await client.query("nowhere", ROWS[:1], k=1)
            left = asyncio.create_task(client.query("async-errors", ROWS, k=8))
            await asyncio.sleep(0)
            left.cancel()
            with pytest.raises(asyncio.CancelledError):
                await left
            assert (await client.query("async-errors", ROWS[:1], k=1)).ids.tolist() == [[0]]
            with pytest.raises(AttributeError):
                client.nothing_like_it

    asyncio.run(main())


def test_a_read_without_an_answer_is_asked_again_elsewhere(server):
    wire = Wire(server.address, held=1)

    async def main():
        async with palate.AsyncClient(wire.address, size=2, hedge_after=0.05) as client:
            # Nobody releases the first connection before the answer is there.
            assert await client.ping() > 0
            assert wire.opened == 2
            wire.release()

    asyncio.run(main())
    wire.close()


def test_an_error_of_one_of_two_is_not_the_answer(server):
    wire = Wire(server.address, held=1)

    async def main():
        async with palate.AsyncClient(
            wire.address, size=2, hedge_after=0.05, timeout=1.5, retries=0
        ) as client:
            assert await client.ping() > 0
            # The first call times out meanwhile, and its error goes nowhere.
            await asyncio.sleep(1.8)
            assert await client.ping() > 0
            wire.release()

    asyncio.run(main())
    wire.close()

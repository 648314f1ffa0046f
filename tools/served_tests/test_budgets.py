"""How long calls may take: what is there in time comes, and what is not is said so."""

import asyncio

import numpy as np
import palate
import pytest

ROWS, DIMENSIONS = 20_000, 64
# As many as one request may have: those of another one might not begin in time.
QUESTIONS = 65_536


@pytest.fixture(scope="module")
def pins(server):
    """A collection, and more questions than a second is enough for."""
    generator = np.random.default_rng(3)
    vectors = generator.normal(size=(ROWS, DIMENSIONS)).astype(np.float32)
    with palate.Client(server.address) as client:
        client.create_collection("budgets", DIMENSIONS, "l2")
        client.load("budgets", np.arange(ROWS), vectors)
    return server.address, np.resize(vectors, (QUESTIONS, DIMENSIONS))


def test_a_search_within_a_second_answers_with_what_it_has(pins):
    address, questions = pins
    with palate.Client(address) as client:
        with client.within(1.0):
            found = client.query("budgets", vectors=questions, k=10, beam=800)
        assert found.degraded
        assert 0 < len(found.ids[0]) <= 10 and len(found.ids) == len(questions)
        # The block is over: the client's own time holds again.
        assert not client.query("budgets", vectors=questions[:10], k=10).degraded


def test_a_budget_of_ones_own_holds_for_every_call(pins):
    address, questions = pins
    with palate.Client(address, budget=0.3) as client:
        assert client.query("budgets", vectors=questions, k=10, beam=800).degraded
    with pytest.raises(ValueError, match="above 0"):
        palate.Client(address, timeout=0.0)


def test_calls_for_asyncio_are_limited_one_by_one(pins):
    address, questions = pins

    async def main():
        async with palate.AsyncClient(address, size=2) as client:
            short = client.query("budgets", vectors=questions, k=10, beam=800, within=1.0)
            assert (await short).degraded
            assert not (await client.query("budgets", vectors=questions[:5], k=10)).degraded
            with pytest.raises(AttributeError):
                client.within(1.0)

    asyncio.run(main())


def test_reads_of_other_kinds_end_with_their_budget_too(pins):
    address, _ = pins
    everything = np.resize(np.arange(ROWS), 1_000_000)
    with palate.Client(address, timeout=30.0, budget=0.02, retries=0) as client:
        with pytest.raises(palate.Overloaded, match="limits.time-budget is 20000 us"):
            client.get("budgets", everything)

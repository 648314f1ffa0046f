"""The Python client's pool, by threads that all want a connection."""

import threading
import time

import numpy as np
import palate
import pytest

ROWS = np.eye(8, dtype=np.float32)


@pytest.fixture
def filled(server):
    with palate.Client(server.address) as client:
        client.create_collection("pooled", 8, "l2")
        client.load("pooled", np.arange(8), ROWS)
    return server.address


def in_threads(count, body):
    """Runs the body in so many threads at once; what each returned."""
    results = [None] * count

    def run(number):
        results[number] = body(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_threads_share_connections_and_get_their_own_answers(filled):
    with palate.Pool(filled, size=3) as pool:
        lent = set()

        def ask(number):
            for _ in range(50):
                with pool.client() as client:
                    lent.add(id(client))
                    found = client.query("pooled", ROWS[number % 8], k=1)
                assert found.ids.ravel().tolist() == [number % 8]
            return number

        assert in_threads(12, ask) == list(range(12))
        assert len(lent) <= 3


def test_the_client_used_last_is_lent_first(filled):
    with palate.Pool(filled, size=3) as pool:
        with pool.client() as first, pool.client() as second:
            assert first is not second
        with pool.client() as again:
            assert again is first


def test_who_waits_in_vain_is_told(filled):
    with palate.Pool(filled, size=1) as pool, pool.client():
        began = time.monotonic()
        with pytest.raises(palate.TimedOut):
            with pool.client(timeout=0.2):
                pass
        assert 0.2 <= time.monotonic() - began < 5


def test_an_error_gives_the_client_back(filled):
    with palate.Pool(filled, size=1) as pool:
        for _ in range(3):
            with pytest.raises(palate.UnknownCollection), pool.client() as client:
                client.query("nowhere", ROWS[:1], k=1)
        with pool.client() as client:
            assert client.query("pooled", ROWS[:1], k=1).ids.tolist() == [[0]]


def test_a_closed_pool_lends_nothing_and_closes_what_comes_back(filled):
    pool = palate.Pool(filled, size=2)
    with pool.client() as client:
        client.ping()
        pool.close()
    with pytest.raises(RuntimeError), pool.client():
        pass
    with pytest.raises(ValueError):
        palate.Pool(filled, size=0)
    with pytest.raises(TypeError):
        palate.Pool(filled, sized=2)

"""A new embedding model: loaded beside the live one, checked, swapped and rolled back."""

import subprocess
import threading
import time

import data
import numpy as np
import palate
import pytest
from served import find_binary, run_palate

ROWS = 2_000
FIRST_ID = 1_000
NEW_DIMENSIONS = 24


def models(seed):
    """The same pictures by two models: the second a noisy projection of the first."""
    generator = np.random.default_rng(seed)
    first, _ = data.clustered(ROWS, seed)
    second = first @ generator.standard_normal((data.DIMENSIONS, NEW_DIMENSIONS))
    second += 0.1 * generator.standard_normal(second.shape)
    return first, second.astype(np.float32), generator


class Askers:
    """Threads that ask by item without a pause and keep what was wrong with any answer."""

    def __init__(self, address, name, count=3):
        self.address, self.name = address, name
        self.failures, self.answers = [], {}
        self.lock = threading.Lock()
        self.is_done = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_done.set()
        for thread in self.threads:
            thread.join()

    def _ask(self, number):
        generator = np.random.default_rng(number)
        with palate.Client(self.address) as client:
            while not self.is_done.is_set():
                ids = FIRST_ID + generator.integers(0, ROWS, 8)
                try:
                    found = client.query(self.name, ids=ids, k=10, payload=True)
                    tags = {payload for row in found.payloads for payload in row}
                    expected = {f"generation {found.generation}".encode()}
                    if tags != expected or (found.counts != 10).any():
                        raise AssertionError(f"{tags} of generation {found.generation}")
                except (palate.PalateError, AssertionError) as error:
                    self.failures.append(repr(error))
                    return
                with self.lock:
                    self.answers[found.generation] = self.answers.get(found.generation, 0) + 1

    def wait_for(self, generation, more=30, seconds=60):
        """Waits until so many more answers came from a generation."""
        target = self.answers.get(generation, 0) + more
        deadline = time.monotonic() + seconds
        while self.answers.get(generation, 0) < target:
            assert not self.failures, self.failures
            assert time.monotonic() < deadline, self.answers
            time.sleep(0.01)


def test_swaps_under_queries_without_a_failed_or_mixed_answer(server):
    first, second, generator = models(11)
    ids = np.arange(FIRST_ID, FIRST_ID + ROWS)
    with palate.Client(server.address) as client:
        client.create_collection("swap", data.DIMENSIONS, "l2")
        client.load("swap", ids, first, ["generation 1"] * ROWS)
        with Askers(server.address, "swap") as askers:
            askers.wait_for(1)
            # A bad generation: every vector under another picture's id.
            client.create_generation("swap", NEW_DIMENSIONS, model="new 1")
            shuffled = generator.permutation(ROWS)
            tags = ["generation 2"] * ROWS
            client.load("swap", ids, second[shuffled], tags, candidate=True)
            report = client.swap_generation("swap")
            assert not report.swapped and report.generation == 1
            assert [check.name for check in report.checks if not check.passed] == [
                "overlap", "nearer"
            ]  # fmt: skip
            client.drop_generation("swap")
            askers.wait_for(1)
            # The same pictures by the new model.
            client.create_generation("swap", NEW_DIMENSIONS, model="new 1")
            tags = ["generation 3"] * ROWS
            client.load("swap", ids, second, tags, candidate=True)
            assert client.check_generation("swap").passed
            report = client.swap_generation("swap")
            assert report.swapped and report.passed and report.generation == 3
            askers.wait_for(3)
            assert client.roll_back_generation("swap").generation == 1
            askers.wait_for(1)
            assert client.roll_back_generation("swap").generation == 3
            askers.wait_for(3)
        assert askers.failures == []
        assert set(askers.answers) == {1, 3}
        print(f"answers by generation: {askers.answers}, failed 0, mixed 0")
        roles = [generation.role for generation in client.generations("swap")]
        assert roles == ["live", "previous"]
        assert client.collection("swap").dim == NEW_DIMENSIONS
        with pytest.raises(palate.RequestRefused):
            client.query("swap", first[:1])


def test_the_command_line_refuses_with_a_table_and_keeps_record_of_force(server, tmp_path):
    first, second, generator = models(15)
    np.save(tmp_path / "first.npy", first)
    np.save(tmp_path / "shuffled.npy", second[generator.permutation(ROWS)])
    where = ["--to", server.address, "--collection", "cli"]
    run_palate("load", *where, "--metric", "l2", "--vectors", tmp_path / "first.npy")
    load = ["load", *where, "--vectors", tmp_path / "shuffled.npy", "--generation", "new"]
    run_palate(*load, "--model", "new 1")
    with pytest.raises(RuntimeError, match="is a candidate already"):
        run_palate(*load)
    assert f"{ROWS} of them before" in run_palate(*load, "--resume")
    refused = subprocess.run(
        [find_binary(), "generation", "swap", *where], capture_output=True, text=True
    )
    assert refused.returncode == 1
    verdicts = {line.split()[0]: line.split()[-1] for line in refused.stdout.splitlines()[1:-1]}
    assert verdicts == {
        "rows": "yes", "lacking": "yes", "links": "yes", "damaged": "yes", "recall": "yes",
        "overlap": "NO", "nearer": "NO",
    }  # fmt: skip
    assert "generation 1 stays live" in refused.stdout
    assert "by force" in run_palate("generation", "swap", *where, "--force")
    assert "model new 1, forced" in run_palate("generation", "list", *where).splitlines()[0]
    assert "generation 1 is live" in run_palate("generation", "rollback", *where)
    run_palate("generation", "drop", *where, "--previous")
    assert len(run_palate("generation", "list", *where).splitlines()) == 1


def test_taste_and_deletes_outlive_a_swap_and_a_restart(own_server):
    first, second, _ = models(12)
    ids = np.arange(FIRST_ID, FIRST_ID + ROWS)
    with palate.Client(own_server.address) as client:
        client.create_collection("taste", data.DIMENSIONS, "cosine")
        client.load("taste", ids, first)
        client.events("taste", [4] * 5, ids[:5], "save")
        client.create_generation("taste", NEW_DIMENSIONS)
        client.load("taste", ids, second, candidate=True)
        client.delete("taste", ids[100:110])
        written = client.upsert("taste", ids[:1], first[:1])
        assert client.swap_generation("taste").swapped
        # A receipt from before the swap can still be waited for.
        liked = client.recommend("taste", 4, k=10, minimum_version=written.version)
        assert liked.generation == 2 and liked.counts.tolist() == [10]
        assert not client.get("taste", ids[100:110]).found.any()
    assert own_server.stop() == 0
    own_server.start()
    with palate.Client(own_server.address) as client:
        again = client.recommend("taste", 4, k=10)
        assert again.generation == 2
        assert np.array_equal(again.ids, liked.ids)
        assert client.stats("taste")["events"] == 5
        assert not client.get("taste", ids[100:110]).found.any()
        assert client.roll_back_generation("taste").generation == 1
        assert not client.get("taste", ids[100:110]).found.any()
    own_server.stop()
    assert "clean" in run_palate("verify", "--data", own_server.data)
    own_server.start()


@pytest.mark.parametrize("victim", ["server", "loader"])
@pytest.mark.parametrize("generation", ["live", "new"])
def test_a_killed_load_resumes_and_loads_everything_once(own_server, tmp_path, victim, generation):
    rows, dim = 30_000, 64
    vectors = np.random.default_rng(13).standard_normal((rows, dim)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)

    def arguments():
        return [
            *("load", "--to", own_server.address, "--collection", "pins"),
            *("--metric", "l2", "--vectors", str(tmp_path / "vectors.npy")),
            *("--generation", generation),
        ]  # fmt: skip

    with palate.Client(own_server.address) as client:
        client.create_collection("pins", dim, "l2")
        if generation == "new":
            client.upsert("pins", np.arange(10), vectors[:10])

    def items():
        with palate.Client(own_server.address) as client:
            found = {entry.role: entry for entry in client.generations("pins")}
            entry = found.get("candidate" if generation == "new" else "live")
            return entry.live_items if entry else 0

    kills = 0
    for attempt in range(6):
        resume = ["--resume"] if attempt else []
        loader = subprocess.Popen(
            [find_binary(), *arguments(), *resume],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Killed in the middle: once some more rows are there, later each time.
        target = items() + 1 + 2_000 * attempt
        while loader.poll() is None and items() < target:
            time.sleep(0.01)
        if loader.poll() is None:
            kills += 1
        if victim == "server":
            own_server.kill()
            loader.wait()
            own_server.start()
        else:
            loader.kill()
            loader.wait()
    assert kills > 0
    done = run_palate(*arguments(), "--resume")
    assert f"{rows} rows" in done
    assert items() == rows
    # Nothing twice: no row was written and replaced; nothing missing: every vector is there.
    with palate.Client(own_server.address) as client:
        if generation == "new":
            assert client.swap_generation("pins", force=True).swapped
        stats = client.stats("pins")
        assert (stats["live_items"], stats["deleted_items"]) == (rows, 0)
        sampled = np.random.default_rng(14).integers(0, rows, 500)
        got = client.get("pins", sampled, vectors=True)
        assert np.array_equal(got.vectors, vectors[sampled])

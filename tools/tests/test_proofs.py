"""The proofs' own arithmetic: the oracle, the disk under a power cut, kinds of damage."""

import os
import pathlib
import random
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from proofs import disk, pages, preload, recording  # noqa: E402
from proofs.checking import parse_dump, same  # noqa: E402
from proofs.disk import Disk, File  # noqa: E402
from proofs.history import History  # noqa: E402
from proofs.operations import LOAD_FRAME_ROWS, Load, finish_load  # noqa: E402
from proofs.recording import Kind, Record  # noqa: E402
from proofs.rows import Row, content, make_vector  # noqa: E402
from proofs.workers import Worker  # noqa: E402


def written(history, changes, acknowledged=True):
    """A write that was sent, and answered where it says so."""
    write = history.begin(changes)
    if acknowledged:
        history.acknowledge(write)
    return write


def kinds(findings):
    """How many findings of each kind."""
    return tuple(
        map(len, (findings.lost, findings.phantoms, findings.torn, findings.wrong))
    )


def test_an_acknowledged_write_must_be_there_and_one_in_doubt_may():
    history = History()
    written(history, {1: "a", 2: "a"})
    written(history, {2: "b", 3: "b"}, acknowledged=False)
    assert kinds(history.judge({1: "a", 2: "a"}, same)) == (0, 0, 0, 0)
    assert kinds(history.judge({1: "a", 2: "b", 3: "b"}, same)) == (0, 0, 0, 0)
    assert kinds(history.judge({2: "a"}, same)) == (1, 0, 0, 0)
    assert kinds(history.judge({1: "a", 2: "b"}, same)) == (0, 0, 1, 0)
    assert kinds(history.judge({1: "a", 2: "?"}, same)) == (0, 0, 0, 1)
    assert kinds(history.judge({1: "a", 2: "a", 9: "a"}, same)) == (0, 1, 0, 0)


def test_what_was_removed_must_not_come_back_nor_an_older_value():
    history = History()
    written(history, {1: "a", 2: "a"})
    written(history, {1: None, 2: "b"})
    assert kinds(history.judge({2: "b"}, same)) == (0, 0, 0, 0)
    assert kinds(history.judge({1: "a", 2: "b"}, same)) == (0, 1, 0, 0)
    assert kinds(history.judge({2: "a"}, same)) == (1, 0, 0, 0)


def test_a_moment_sees_only_what_was_begun_and_acknowledged_by_then():
    history = History()
    first = written(history, {1: "a"})
    second = written(history, {1: "b"})
    assert kinds(history.judge({}, same, first.begun - 1)) == (0, 0, 0, 0)
    assert kinds(history.judge({1: "a"}, same, first.begun - 1)) == (0, 1, 0, 0)
    assert kinds(history.judge({}, same, first.acknowledged)) == (1, 0, 0, 0)
    assert kinds(history.judge({1: "b"}, same, second.acknowledged - 1)) == (0, 0, 0, 0)
    assert kinds(history.judge({1: "a"}, same, second.acknowledged)) == (1, 0, 0, 0)
    assert history.judge({}, same, second.acknowledged).acknowledged == 2


def test_settling_takes_what_was_found_as_what_is_there():
    history = History()
    written(history, {1: "a"})
    written(history, {1: "b", 2: "b"}, acknowledged=False)
    assert history.present == {} and history.doubted == {1, 2}
    history.settle({1: "b", 2: "b"}, same)
    assert history.present == {1: "b", 2: "b"} and not history.doubted
    assert kinds(history.judge({1: "b"}, same)) == (1, 0, 0, 0)


def test_rows_are_made_up_again_alike_and_no_two_are():
    rows = {content(item, Row(stamp, stamp)) for item in (1, 2) for stamp in range(1, 60)}
    assert len(rows) == 2 * 59
    assert content(7, Row(3, 4))[1] == make_vector(7, 3).tobytes()
    assert any(len(payload) > 4_096 for payload, _ in rows)
    assert any(payload == b"" for payload, _ in rows)


def test_frames_of_a_load_are_whole_and_count_their_rows():
    load = Load(1, 1, {item: Row(item, item) for item in range(2 * LOAD_FRAME_ROWS + 3)})
    frames = list(load.frames())
    assert [end for end, _ in frames] == [16, 32, 35]
    assert {item for _, rows in frames for item in rows} == set(load.rows)


class FailingLoads:
    """A client whose first load ends after one frame."""

    def __init__(self):
        self.loads = 0

    def load(self, *_, progress, resume, **__):
        """Acknowledges a frame and fails, or all."""
        self.loads += 1
        assert resume == (self.loads > 1)
        progress(LOAD_FRAME_ROWS if self.loads == 1 else 2 * LOAD_FRAME_ROWS, None)
        if self.loads == 1:
            raise ConnectionError


def test_a_resumed_load_claims_nothing_that_was_acknowledged_before():
    worker = Worker(0, seed=1)
    worker.client = FailingLoads()
    rows = {item: worker.make_row() for item in worker.everything[: 2 * LOAD_FRAME_ROWS]}
    worker.unfinished = Load(1, 1, rows)
    with pytest.raises(ConnectionError):
        finish_load(worker, resume=False)
    assert len(worker.items.present) == len(worker.items.doubted) == LOAD_FRAME_ROWS
    gone = worker.everything[0]
    written(worker.items, {gone: None})
    finish_load(worker)
    assert worker.unfinished is None and not worker.items.doubted
    assert worker.items.present == {item: row for item, row in rows.items() if item != gone}


def test_a_dump_is_read_by_collection_and_repetitions_are_seen():
    text = (
        "collection\ta\t16\tl2\tsq8\nitem\t5\t3\t0000000a\tffffffff\n"
        "event\t0\t9\t5\t77\tsave\nevent\t1\t9\t5\t77\tsave\ncollection\tb\t16\tl2\tsq8\n"
    )
    dump = parse_dump(text)
    assert dump.items == {"a": {5: (10, 0xFFFFFFFF)}, "b": {}}
    assert dump.events == {"a": {(9, 5, 77): "save"}, "b": {}}
    assert dump.repeated == [(9, 5, 77)]


def every_image(file):
    """All contents a power cut may leave, by trying every choice of whole writes."""
    numbers = sorted(file.pending())
    found = set()
    for choice in range(1 << len(numbers)):
        kept = {number for place, number in enumerate(numbers) if choice >> place & 1}
        found.add(file.image(lambda number, _, kept=kept: number in kept))
    return found


def test_writes_are_durable_after_a_sync_and_only_then():
    file = File()
    file.write(1, 0, b"a" * 512)
    assert every_image(file) == {b"", b"a" * 512}
    file.sync()
    file.write(2, 0, b"b" * 512)
    file.write(3, 512, b"c" * 512)
    assert every_image(file) == {
        b"a" * 512, b"b" * 512, b"a" * 512 + b"c" * 512, b"b" * 512 + b"c" * 512,
    }  # fmt: skip
    file.sync()
    assert every_image(file) == {b"b" * 512 + b"c" * 512}


def test_a_synced_write_makes_its_pages_durable_and_no_others():
    file = File()
    file.write(1, 0, b"a" * 4_096 * 2)
    file.sync()
    file.write(2, 4_096, b"b" * 512)
    file.write(3, 100, b"c" * 10)
    file.write(4, 200, b"d" * 10)
    file.sync_range(200, 10)
    assert file.pending() == {2}
    first = b"a" * 100 + b"c" * 10 + b"a" * 90 + b"d" * 10
    assert all(image.startswith(first) for image in every_image(file))


def test_torn_writes_may_leave_any_sector():
    file = File()
    file.write(1, 0, b"a" * 1_536)
    image = file.image(lambda _, sector: sector in (None, 1))
    assert image == bytes(512) + b"a" * 512 + bytes(512)
    file.resize(2, 700)
    assert file.image(lambda *_: True) == b"a" * 700
    assert len(file.image(lambda number, _: number == 1)) == 1_536


def named(kind, path, other="", inode=0):
    """A record of a call on names."""
    return Record(kind, False, 0, inode, 0, b"", path, other)


def replay(records):
    """A disk after these calls."""
    replayed = Disk("/data")
    for number, record in enumerate(records):
        replayed.start(number, record)
        replayed.finish(record)
    return replayed


def test_names_are_durable_after_their_directory_is_synced():
    records = [
        named(Kind.MAKE_DIRECTORY, "/data"),
        named(Kind.MAKE_DIRECTORY, "/data/a"),
        named(Kind.CREATE, "/data/a/x", inode=1),
        named(Kind.SYNC_DIRECTORY, "/data/a"),
    ]
    replayed = replay(records)
    assert replayed.image(lambda *_: False) == {}
    assert replayed.image(lambda *_: True) == {"a": None, "a/x": b""}
    replayed = replay([*records, named(Kind.SYNC_DIRECTORY, "/data")])
    assert replayed.image(lambda *_: False) == {"a": None, "a/x": b""}


def test_a_rename_happens_whole_and_brings_its_past_along():
    records = [
        named(Kind.CREATE, "/data/new", inode=1),
        named(Kind.MAKE_DIRECTORY, "/data/d"),
        named(Kind.RENAME, "/data/new", "/data/d/old"),
    ]
    replayed = replay(records)
    assert [set(replayed.image(lambda n, _, most=most: n < most)) for most in range(4)] == [
        set(), {"new"}, {"new", "d"}, {"d", "d/old"},
    ]  # fmt: skip
    replayed = replay([*records, named(Kind.SYNC_DIRECTORY, "/data/d")])
    assert set(replayed.image(lambda *_: True)) == {"d", "d/old"}
    replayed = replay([*records, named(Kind.SYNC_DIRECTORY, "/data")])
    assert set(replayed.image(lambda *_: False)) == {"d", "d/old"}


def test_every_policy_is_drawn_and_is_the_same_for_the_same_seed():
    names = set()
    for seed in range(100):
        one, two = (disk.policy([3, 5, 8], random.Random(seed)) for _ in range(2))
        assert one[0] == two[0]
        assert [one[1](n, s) for n in (3, 5) for s in (None, 0, 1)] == [
            two[1](n, s) for n in (3, 5) for s in (None, 0, 1)
        ]
        names.add(one[0])
    assert len(names) == 7


@pytest.mark.parametrize("damage", pages.DAMAGES, ids=lambda damage: damage.__name__)
def test_every_damage_changes_the_file_and_says_how(damage):
    generator = random.Random(5)
    whole = generator.randbytes(8 * pages.PAGE)
    for _ in range(20):
        content = bytearray(whole)
        earlier = [generator.randbytes(8 * pages.PAGE)]
        said = damage(content, earlier, [2, 3, 5], generator)
        assert said
        assert content != whole or said.startswith(("pages", "page"))
        assert len(content) == len(whole) or damage is pages.truncate


def page_of(number, kind, nodes):
    """A page of LMDB with (flags, key, value) nodes; of a branch, the value is the child."""
    body, offsets = b"", []
    for flags, key, value in nodes:
        low, data = (value, b"") if kind == 1 else (len(value), value)
        node = struct.pack("<HHHH", low, 0, flags, len(key)) + key + data
        body = node + bytes(len(node) % 2) + body
        offsets.append(pages.PAGE - len(body))
    lower = pages.HEADER + 2 * len(offsets)
    head = struct.pack(f"<QHHHH{len(offsets)}H", number, 0, kind, lower, offsets[-1], *offsets)
    return head + bytes(pages.PAGE - len(head) - len(body)) + body


def meta_page(number, commit, free, main):
    """A meta page with these roots."""
    page = bytearray(struct.pack("<QHH", number, 0, 8).ljust(pages.PAGE, b"\0"))
    struct.pack_into("<Q", page, pages.FREE_ROOT, free)
    struct.pack_into("<Q", page, pages.MAIN_ROOT, main)
    struct.pack_into("<Q", page, pages.COMMIT, commit)
    return bytes(page)


def test_pages_are_found_by_the_trees_of_the_last_commit():
    table = struct.pack("<40xQ", 4)
    content = b"".join(
        [
            meta_page(0, 6, pages.NO_ROOT, 2),
            meta_page(1, 5, pages.NO_ROOT, 9),
            page_of(2, 2, [(pages.IS_TABLE, b"rows", table)]),
            page_of(3, 2, [(pages.IN_OVERFLOW, b"k", struct.pack("<Q", 6))]),
            page_of(4, 1, [(0, b"", 3), (0, b"m", 5)]),
            page_of(5, 2, [(0, b"n", b"value")]),
            struct.pack("<QHHI", 6, 0, 4, 2).ljust(2 * pages.PAGE, b"\0"),
            page_of(8, 2, [(0, b"old", b"value")]),
        ]
    )
    uses = pages.pages_by_use(content)
    assert {use: sorted(numbers) for use, numbers in uses.items()} == {
        "meta": [0, 1], "(tables)": [2], "rows": [3, 4, 5, 6, 7], "unused": [8],
    }  # fmt: skip


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    """The library that records."""
    return preload.build("recorder", tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """The library that lets a call fail."""
    return preload.build("failing", tmp_path_factory.mktemp("failing"))


def test_the_recorder_sees_every_change_and_a_replay_makes_the_same_files(tmp_path, recorder):
    data, log = tmp_path / "data", tmp_path / "record"
    script = f"""
import os
os.mkdir({str(data)!r})
file = os.open({str(data / "one")!r}, os.O_RDWR | os.O_CREAT)
os.write(file, b"head")
os.pwrite(file, b"x" * 5000, 100)
os.writev(file, [b"tail"])
os.fdatasync(file)
os.ftruncate(file, 3000)
os.close(file)
synced = os.open({str(data / "one")!r}, os.O_WRONLY | os.O_DSYNC)
os.pwrite(synced, b"meta", 8)
os.rename({str(data / "one")!r}, {str(data / "two")!r})
open({str(data / "three")!r}, "w").close()
os.unlink({str(data / "three")!r})
os.fsync(os.open({str(data)!r}, os.O_RDONLY | os.O_DIRECTORY))
"""
    run_recorded(script, preload.environment(recorder, data, PALATE_RECORD=log))
    records = recording.parse(log.read_bytes())
    assert [record.kind.name for record in records] == (
        "MAKE_DIRECTORY CREATE WRITE WRITE WRITE SYNC TRUNCATE WRITE RENAME CREATE REMOVE "
        "SYNC_DIRECTORY"
    ).split()
    assert [record.is_synced for record in records if record.kind is Kind.WRITE][-1]
    replayed = Disk(data)
    for number, record in enumerate(records):
        replayed.start(number, record)
        replayed.finish(record)
    assert replayed.now() == {"two": (data / "two").read_bytes()}
    assert replayed.image(lambda *_: False)["two"][8:12] == b"meta"


def test_a_recorder_told_to_skip_syncs_records_none_of_a_file(tmp_path, recorder):
    data, log = tmp_path / "data", tmp_path / "record"
    data.mkdir()
    script = f"""
import os
file = os.open({str(data / "one")!r}, os.O_RDWR | os.O_CREAT | os.O_DSYNC)
os.write(file, b"head")
os.fsync(file)
os.fdatasync(file)
"""
    settings = {"PALATE_RECORD": log, "PALATE_RECORD_SKIP_SYNC": 1}
    run_recorded(script, preload.environment(recorder, data, **settings))
    records = recording.parse(log.read_bytes())
    assert [(record.kind, record.is_synced) for record in records] == [
        (Kind.CREATE, False), (Kind.WRITE, False),
    ]  # fmt: skip


@pytest.mark.parametrize("call", [0, 2, 3])
def test_the_n_th_call_fails_and_no_other(tmp_path, failing, call):
    data, log = tmp_path / "data", tmp_path / "calls"
    data.mkdir()
    script = f"""
import os
file = os.open({str(data / "one")!r}, os.O_RDWR | os.O_CREAT)
for number, call in enumerate(
    [lambda: os.write(file, b"1"), lambda: os.fsync(file), lambda: os.pwrite(file, b"2", 0)], 1
):
    try:
        call()
        assert number != {call}
    except OSError as error:
        assert number == {call} and error.errno == 28
"""
    settings = {"PALATE_FAIL_LOG": log, "PALATE_FAIL_CALL": call, "PALATE_FAIL_ERRNO": 28}
    run_recorded(script, preload.environment(failing, data, **settings))
    lines = [line.split() for line in log.read_text().splitlines()]
    assert [(line[2], line[3], line[5]) for line in lines] == [
        (name, syncs, "failed" if number == call else "ok")
        for number, (name, syncs) in enumerate([("write", "0"), ("fsync", "1"), ("pwrite", "0")], 1)
    ]


def run_recorded(script, settings):
    """Runs Python code of its own process with a library preloaded."""

    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, **settings})

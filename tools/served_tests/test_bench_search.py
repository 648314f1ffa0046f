"""`palate bench search` as a tool that chooses: the ladder, budgets, plots, collections."""

import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

import data
import numpy as np
import palate
import pytest
from served import ROOT, find_binary

sys.path.insert(0, str(ROOT / "benchmarks"))

from recall import rate_at  # noqa: E402

ROWS = 2_000
K = 10
SINGLE = ["float32", "sq8", "f16", "bf16", "sq4", "rq1", "rq2", "sq16", "sq13"]
# At 32 components the terms of a row are a third of its 2-bit codes: too long before sq4.
STACKS = {"sq8+sq16", "sq4+sq8", "sq4+sq16", "rq1+sq8", "rq1+sq16", "rq2+sq8", "rq2+sq16"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Rows, queries, their truth by cosine, and item ids that are no row numbers."""
    folder = tmp_path_factory.mktemp("bench")
    table, _ = data.clustered(ROWS + 100, seed=31)
    rows, queries = table[:ROWS], table[ROWS:]
    np.save(folder / "rows.npy", rows)
    np.save(folder / "queries.npy", queries)
    np.save(folder / "truth.npy", data.nearest("cosine", queries, rows, K).astype(np.int32))
    np.save(folder / "ids.npy", np.arange(ROWS, dtype=np.uint64)[::-1] + 5_000)
    return folder


def bench(*arguments):
    """Runs `palate bench search`; returns exit code, JSON lines and standard error."""
    command = [find_binary(), "bench", "search", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines, done.stderr


def on(files, *arguments):
    """Runs it on the files; returns lines and standard error of a run that went well."""
    code, lines, errors = bench(
        *("--vectors", files / "rows.npy", "--queries", files / "queries.npy"),
        *("--metric", "cosine", "--passes", 1, *arguments),
    )
    assert code == 0, errors
    return lines, errors


@pytest.fixture(scope="module")
def ladder(files):
    """One climb of the ladder at recall 0.95: rungs, choice, table, picture."""
    lines, table = on(files, "--auto", "--plot", files / "auto.svg")
    return lines[:-1], lines[-1], table, files / "auto.svg"


def rates(rungs, recall):
    """Each rung's rate at a recall, by the benchmarks' own rule; None below it."""
    return {
        rung["rung"]: rate_at([(at["recall"], at["cpu_qps"]) for at in rung["points"]], recall)
        for rung in rungs
    }


def test_tries_every_quantizer_and_the_useful_stacks(ladder):
    rungs, _, _, _ = ladder
    names = [rung["rung"] for rung in rungs]
    assert names[: len(SINGLE)] == SINGLE
    assert len(set(names)) == len(names)
    assert STACKS <= set(names[len(SINGLE) :])
    # Exact already, not finer, or too coarse to build by.
    assert not {"sq8+float32", "f16+sq8", "bf16+f16", "sq4+f16", "rq1+rq2", "sq4+bf16"} & set(names)
    for rung in rungs:
        beams = [point["beam"] for point in rung["points"]]
        assert beams == sorted(beams) and beams[0] < K < beams[-1]
    best = {rung["rung"]: max(at["recall"] for at in rung["points"]) for rung in rungs}
    assert best["float32"] >= 0.99 and best["rq1+sq16"] >= 0.95
    assert best["rq1"] < best["sq4"] < best["sq8"]


def test_names_the_fastest_and_marks_the_front_as_the_points_say(ladder):
    rungs, choice, table, _ = ladder
    speed = {name: rate for name, rate in rates(rungs, 0.95).items() if rate is not None}
    size = {rung["rung"]: rung["index_bytes"] for rung in rungs}
    assert choice["choice"] == max(speed, key=speed.get)
    assert choice["cpu_qps_at_recall"] == pytest.approx(speed[choice["choice"]])
    beaten = {
        one for one in speed for other in speed
        if (size[other], -speed[other]) != (size[one], -speed[one])
        and size[other] <= size[one] and speed[other] >= speed[one]
    }
    marked = set(re.findall(r"^\*  (\S+)  ", table, re.MULTILINE))
    assert marked == set(speed) - beaten
    assert f"choice: {choice['choice']}, " in table


def test_draws_every_rung(ladder):
    rungs, choice, _, picture = ladder
    root = xml.etree.ElementTree.parse(picture).getroot()
    texts = [element.text for element in root.iter(f"{SVG}text")]
    for rung in rungs:
        assert rung["rung"] in texts or rung["rung"] + " *" in texts
    assert choice["choice"] + " *" in texts
    assert {"Rate by recall", "Recall by bytes", "recall@10"} <= set(texts)
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter(f"{SVG}circle"):
        assert 0 < float(element.get("cx")) < width and 0 < float(element.get("cy")) < height
    assert not list(root.iter(f"{SVG}script"))


def test_says_what_all_rows_take_from_a_sample(files, ladder):
    sampled, _ = on(files, "--auto", "--sample", 400, "--beam", "20")
    whole = {rung["rung"]: rung["index_bytes"] for rung in ladder[0]}
    assert sampled[-1]["sample_rows"] == 400 and sampled[-1]["rows"] == ROWS
    for rung in sampled[:-1]:
        assert rung["index_bytes"] == whole.get(rung["rung"], rung["index_bytes"])
        assert rung["sample_rows"] == 400
        assert [point["beam"] for point in rung["points"]] == [20]
        # The truth is the sample's: that of all rows would allow a fifth.
        assert rung["points"][0]["recall"] > 0.5


def test_builds_what_a_budget_allows(files, ladder):
    rungs, _, _, _ = ladder
    size = {rung["rung"]: rung["index_bytes"] for rung in rungs}
    budget = size["sq8"] - 1
    lines, table = on(files, "--memory-budget", budget, "--beam", "10,80", "--truth",
                      files / "truth.npy")
    assert [line["beam"] for line in lines] == [10, 80]
    chosen = lines[0]["quantizer"]
    assert size[chosen] <= budget
    assert {line["index_bytes"] for line in lines} == {size[chosen]}
    assert re.search(r"^ +sq8 +[\d.]+ +over budget$", table, re.MULTILINE)
    assert f"choice: {chosen}, " in table


def test_over_budget_rungs_are_listed_and_not_built(files, ladder):
    size = {rung["rung"]: rung["index_bytes"] for rung in ladder[0]}
    lines, _ = on(files, "--auto", "--memory-budget", size["sq4"])
    for rung in lines[:-1]:
        over = rung["index_bytes"] > size["sq4"]
        assert rung["is_over_budget"] == over
        assert (rung["points"] == []) == over and ("build_seconds" in rung) != over
    assert size[lines[-1]["choice"]] <= size["sq4"] == lines[-1]["memory_budget"]


def test_says_the_least_a_budget_must_be(files, ladder):
    least = min(ladder[0], key=lambda rung: rung["index_bytes"])
    search = ("--vectors", files / "rows.npy", "--queries", files / "queries.npy")
    search += ("--metric", "cosine", "--beam", 20)
    code, lines, errors = bench(*search, "--memory-budget", least["index_bytes"] - 1)
    assert code != 0 and lines == []
    assert f"{least['rung']}, takes {least['index_bytes']} bytes" in errors
    code, lines, errors = bench(*search, "--memory-budget", least["index_bytes"])
    assert code == 0 and lines[0]["quantizer"] == least["rung"]


def test_plain_runs_draw_one_line(files):
    path = files / "plain.svg"
    lines, _ = on(files, "--quantizer", "sq8", "--beam", "10,40", "--plot", path)
    assert all(line["quantizer"] == "sq8" for line in lines)
    root = xml.etree.ElementTree.parse(path).getroot()
    assert "sq8 *" in [element.text for element in root.iter(f"{SVG}text")]


def test_searches_a_collection_as_the_server_does(files, own_server):
    load = [find_binary(), "load", "--to", own_server.address, "--collection", "rows"]
    load += ["--vectors", str(files / "rows.npy"), "--ids", str(files / "ids.npy")]
    subprocess.run([*load, "--quantizer", "rq1"], check=True, capture_output=True)
    stored = ("--data", own_server.data, "--collection", "rows", "--beam", "40", "--passes", 1)
    stored += ("--queries", files / "queries.npy")
    truth, named = ("--truth", files / "truth.npy"), ("--ids", files / "ids.npy")
    code, _, errors = bench(*stored, *truth, *named)
    assert code != 0 and "is held by process" in errors
    queries = np.load(files / "queries.npy")
    with palate.Client(own_server.address) as client:
        served = client.query("rows", queries, k=K, beam=40)
    own_server.stop()

    found = files / "found.npy"
    code, [rescored], errors = bench(*stored, *truth, *named, "--ids-out", found)
    assert code == 0, errors
    ids = np.load(files / "ids.npy")
    assert (ids[np.load(found)] == np.array(served.ids).reshape(-1, K)).all()
    assert rescored["recall"] >= 0.95 and rescored["quantizer"] == "rq1"
    assert rescored["index_bytes"] < rescored["collection_bytes"]

    code, [coarse], _ = bench(*stored, *truth, *named, "--rescore", 0, "--threads", 2)
    assert code == 0 and coarse["recall"] < rescored["recall"] - 0.1
    # Without the ids every item stands for a wrong row or none.
    code, [wrong], _ = bench(*stored, *truth)
    assert code == 0 and wrong["recall"] < 0.1
    code, [computed], _ = bench(*stored, *named, "--vectors", files / "rows.npy")
    assert code == 0 and computed["recall"] == pytest.approx(rescored["recall"], abs=0.002)
    code, _, errors = bench(*stored[:2], "--collection", "others", *stored[4:], *truth)
    assert code != 0 and 'there is no collection "others"' in errors


def test_makes_no_data_directory_where_there_is_none(files, tmp_path):
    missing = tmp_path / "missing"
    code, _, errors = bench("--data", missing, "--collection", "c", "--queries",
                            files / "queries.npy", "--truth", files / "truth.npy")
    assert code != 0 and "is no data directory" in errors
    assert not missing.exists()


@pytest.mark.parametrize("arguments, complaint", [
    ([], "--vectors and --metric are needed"),
    (["--auto", "--quantizer", "sq8"], "--quantizer is what"),
    (["--auto", "--truth", "t.npy"], "leave out --truth"),
    (["--auto", "--recall", "1.5"], "--recall is above 0"),
    (["--memory-budget", "12KB"], "'12KB' is no size"),
    (["--memory-budget", "0"], "less than a byte"),
    (["--sample", "10"], "--sample is for"),
    (["--recall", "0.9"], "--recall is for"),
    (["--data", "d"], "--data and --collection go together"),
    (["--ids", "i.npy"], "--ids is for --data"),
    (["--data", "d", "--collection", "c", "--metric", "l2"], "leave out --metric"),
    (["--data", "d", "--collection", "c"], "--data needs --truth"),
    (["--data", "d", "--collection", "c", "--sketches"], "leave out --sketches"),
    (["--auto", "--sketches"], "--sketches is beside what --auto"),
    (["--neighbours", "33", "--sketches"], "--neighbours of at most 32"),
])
def test_refuses_options_that_make_no_sense_together(arguments, complaint):
    rows = [] if not arguments or "--data" in arguments else ["--vectors", "v.npy"]
    rows += ["--metric", "l2"] if rows else []
    code, _, errors = bench("--queries", "q.npy", *rows, *arguments)
    assert code != 0 and complaint in errors, errors


def test_sketches_keep_recall_and_read_fewer_rows(files):
    plain, sketched = (
        on(files, "--quantizer", "sq8", "--beam", "20,60", *flags)[0]
        for flags in ([], ["--sketches"])
    )
    for before, after in zip(plain, sketched, strict=True):
        assert after["rows_scored"] < 0.9 * before["rows_scored"]
        assert after["recall"] > before["recall"] - 0.02
        # 32 links of 8 bytes of signs and two halves.
        assert after["index_bytes"] == before["index_bytes"] + ROWS * 384


def test_sketches_need_codes_that_links_are_chosen_by(files):
    code, lines, errors = bench(
        *("--vectors", files / "rows.npy", "--queries", files / "queries.npy"),
        *("--metric", "cosine", "--quantizer", "rq1+sq8", "--sketches"),
    )
    assert code != 0 and lines == [] and 'notForSketches(got: "rq1")' in errors


def test_says_so_before_the_work_where_a_picture_cannot_be_written(files):
    nowhere = pathlib.Path(files) / "no-such-folder" / "plot.svg"
    code, lines, errors = bench("--vectors", files / "rows.npy", "--queries",
                                files / "queries.npy", "--metric", "cosine", "--plot", nowhere)
    assert code != 0 and lines == [] and f"cannot write {nowhere}" in errors

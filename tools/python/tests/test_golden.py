"""The client's codec against the golden frames: every byte out, every value in."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import golden
import numpy as np
import pytest

import palate
from palate import _answers, _auth, _backups
from palate import _codec as codec
from palate import _field_codec as field_codec

FLAGS = {"ERROR": codec.FAILED, "DEGRADED": codec.DEGRADED}


def by_name(frames: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("frame", frames, ids=[frame["name"] for frame in frames])


@by_name(golden.REQUESTS)
def test_requests_are_written_as_the_golden_frames(frame: dict[str, Any]) -> None:
    assert golden.encode(frame) == golden.read(frame)


def decoded(frame: dict[str, Any]) -> tuple[codec.Header, memoryview]:
    data = golden.read(frame)
    header = codec.decode_header(data[:32])
    body = memoryview(data)[32:]
    assert header.length == len(body)
    codec.check_body(header, body)
    return header, body


@by_name(golden.RESPONSES)
def test_response_headers_say_what_the_golden_frames_say(frame: dict[str, Any]) -> None:
    header, _ = decoded(frame)
    assert header.opcode == frame["opcode"]
    assert header.request_id == frame["request_id"]
    assert header.microseconds == frame["microseconds"]
    expected = codec.RESPONSE | codec.BODY_CRC
    for flag in frame["flags"]:
        expected |= FLAGS[flag]
    assert header.flags == expected


def collection(message: dict[str, Any]) -> palate.Collection:
    return palate.Collection(**message)


def check_page(body: memoryview, message: dict[str, Any]) -> None:
    page, after = field_codec.decode_page(body, list(message["fields"]))
    assert page.ids.tolist() == message["ids"]
    listed = {
        name: [list(v) if isinstance(v, tuple) else v for v in column]
        for name, column in page.fields.items()
    }
    assert listed == message["fields"]
    assert [payload.decode() for payload in page.payloads or []] == message["payloads"]
    assert after == field_codec.Cursor(**message["after"])


@by_name(golden.RESPONSES)
def test_responses_are_read_as_the_golden_frames(frame: dict[str, Any]) -> None:
    header, body = decoded(frame)
    message = frame["message"]
    match frame["name"]:
        case "welcome":
            got = _answers.decode_welcome(body)
            assert got.server_id.hex() == message.pop("server_id")
            assert {key: getattr(got, key) for key in message} == message
        case "pong":
            assert int.from_bytes(body, "little") == message["token"]
        case "opened" | "created" | "generation-created":
            assert _answers.decode_collection(body) == collection(message)
        case "authenticated":
            scopes = frozenset(message.pop("scopes"))
            assert _auth.decode_access(body) == palate.Access(scopes=scopes, **message)
        case "dropped" | "generation-dropped" | "cancel-answered":
            assert len(body) == 0
        case "collections":
            expected = [collection(entry) for entry in message["collections"]]
            assert _answers.decode_collections(body) == expected
        case "figures" | "figures-more":
            assert _answers.decode_stats(body) == message
        case "backed-up":
            assert _backups.decode(body) == palate.Backup(**message)
        case "results" | "results-terms" | "results-plain":
            check_results(_answers.decode_results(header, body, 3), message, frame["flags"])
        case "items":
            check_items(_answers.decode_items(codec.as_ids(message["ids"]), body), message)
        case "fields":
            got = field_codec.decode_fields(body)
            assert {name: list(dataclasses.astuple(i)) for name, i in got.items()} == message
        case "counted":
            total, facets = field_codec.decode_count(body)
            assert total == message["count"]
            texts = [{str(k).lower(): n for k, n in facet.items()} for facet in facets]
            assert texts == message["facets"]
        case "page":
            check_page(body, message)
        case "results-fields":
            names = list(message["fields"])
            got = _answers.decode_results(header, body, 3, names)
            assert {name: column[0] for name, column in got.fields.items()} == message["fields"]
            assert got.plan == message["plan"]
        case (
            "upserted" | "deleted" | "patched" | "load-committed" | "events-recorded"
            | "deleted-matching"
        ):
            assert _answers.decode_receipt(body) == palate.Receipt(**message)
        case "load-granted":
            assert _answers.decode_grant(body) == (*message.values(), 0)
        case "load-granted-epoch":
            assert _answers.decode_grant(body) == tuple(message.values())
        case "generation-report":
            checks = tuple(palate.Check(**check) for check in message.pop("checks"))
            assert _answers.decode_report(body) == palate.Report(checks=checks, **message)
        case "generations":
            generations = [
                palate.Generation(collection=collection(entry.pop("collection")), **entry)
                for entry in message["generations"]
            ]
            assert _answers.decode_generations(body) == generations
        case "load-acknowledged":
            assert _answers.decode_acknowledgement(body) == tuple(message.values())
        case "refused" | "overloaded" | "connection-error" | "not-authenticated" | "cancelled":
            check_error(_answers.decode_error(body), message)
        case "go-away":
            assert _answers.decode_go_away(body) == (message["drain_ms"], message["reason"])
        case other:
            pytest.fail(f"no check for {other}")


def check_results(
    results: palate.Results, message: dict[str, Any], flags: list[str]
) -> None:
    assert results.generation == message["generation"]
    assert results.version == message["version"]
    assert results.visited == message["visited"]
    assert results.exact == message["exact"]
    assert results.degraded == ("DEGRADED" in flags)
    assert results.counts.tolist() == message["counts"]
    mask = np.arange(3) < results.counts[:, None]
    assert results.ids[mask].tolist() == message["ids"]
    assert results.scores[mask].tolist() == message["scores"]
    assert (results.ids[~mask] == 0).all()
    assert (results.scores[~mask] == -np.inf).all()
    if "parts" in message:
        assert results.parts is not None and tuple(results.parts) == palate.SCORE_PARTS
        for term, column in message["parts"].items():
            assert results.parts[term][mask].tolist() == column
    else:
        assert results.parts is None
    if "payloads_hex" in message:
        assert results.payloads is not None
        assert [len(row) for row in results.payloads] == message["counts"]
        flat = [payload.hex() for row in results.payloads for payload in row]
        assert flat == message["payloads_hex"]
    else:
        assert results.payloads is None


def check_items(items: palate.Items, message: dict[str, Any]) -> None:
    assert items.found.tolist() == message["found"]
    assert items.versions.tolist() == message["versions"]
    assert [payload.decode() for payload in items.payloads] == message["payloads"]
    assert items.vectors is not None
    assert items.vectors.tolist() == message["vectors"]


def check_error(error: palate.PalateError, message: dict[str, Any]) -> None:
    assert error.code == message["code"]
    assert str(error) == message["message"]
    assert error.retryable == message["retryable"]
    assert error.retry_after == message["retry_after_ms"] / 1000
    assert error.offset == message["offset"]
    kinds = {
        1: palate.RequestRefused,
        2: palate.NotAuthenticated,
        3: palate.Overloaded,
        4: palate.Unavailable,
        7: palate.ConnectionFailed,
    }
    assert isinstance(error, kinds[message["class"]])


@by_name(golden.RESPONSES)
def test_damaged_responses_are_refused(frame: dict[str, Any]) -> None:
    data = golden.read(frame)
    for index in range(len(data)):
        damaged = bytearray(data)
        damaged[index] ^= 0x10
        with pytest.raises(palate.ConnectionFailed):
            header = codec.decode_header(bytes(damaged[:32]))
            codec.check_body(header, memoryview(damaged)[32:])


@by_name([frame for frame in golden.RESPONSES if frame["name"] in ("results-terms", "items")])
def test_truncated_columns_are_refused(frame: dict[str, Any]) -> None:
    header, body = decoded(frame)
    for count in range(48, len(body)):
        with pytest.raises(palate.ConnectionFailed):
            if frame["name"] == "results-terms":
                _answers.decode_results(header, body[:count], 3)
            else:
                _answers.decode_items(codec.as_ids([5, 6]), body[:count])


def test_the_terms_are_those_of_the_server_in_wire_order() -> None:
    model = golden.DIRECTORY.parents[2] / "Sources" / "PalateModel" / "ScoreTerm.swift"
    cases = re.findall(r"case (\w+) = (\d+)", model.read_text())
    assert tuple(name for name, _ in cases) == palate.SCORE_PARTS
    assert [int(number) for _, number in cases] == list(range(len(cases)))


def test_the_thresholds_of_a_generation_are_those_of_the_server() -> None:
    model = golden.DIRECTORY.parents[2] / "Sources" / "PalateModel" / "Generations.swift"
    struct = model.read_text().split("struct CanaryThresholds")[1].split("struct CanaryCheck")[0]
    defaults = dict(re.findall(r"(\w+): (?:Float|Int) = ([\w.]+)", struct))
    assert {name: float(value) for name, value in defaults.items()} == vars(palate.Thresholds())


def test_the_list_of_frames_is_the_directory() -> None:
    names = {frame["name"] for frame in golden.FRAMES}
    assert len(names) == len(golden.FRAMES)
    assert {file.stem for file in golden.DIRECTORY.glob("*.bin")} == names

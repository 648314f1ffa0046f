"""The golden frames of Tests/Fixtures/wire-1, and how the client would write their requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from palate import (
    EVENT_TYPES,
    FieldBoost,
    FieldInfo,
    Thresholds,
    all_of,
    any_of,
    everything,
    field,
    items,
)
from palate import _auth, _backups
from palate import _codec as codec
from palate import _field_codec as field_codec
from palate import _taste_codec as taste_codec
from palate._crc32c import flat

#: The client has nothing to cancel: a call that times out closes its connection.
CANCEL = 18
DIRECTORY = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "wire-1"
FRAMES: list[dict[str, Any]] = json.loads((DIRECTORY / "frames.json").read_text())
REQUESTS = [frame for frame in FRAMES if frame["direction"] == "request"]
RESPONSES = [frame for frame in FRAMES if frame["direction"] == "response"]


def read(frame: dict[str, Any]) -> bytes:
    return (DIRECTORY / f"{frame['name']}.bin").read_bytes()


def _query(message: dict[str, Any]) -> codec.Body:
    vectors, scales = message.get("vectors"), message.get("scales")
    if vectors is not None:
        dtype = {"f32": "<f4", "f16": "<f2", "u8": "u1", "i8": "i1"}[message["element_type"]]
        vectors = np.array(vectors, dtype)
    ids = message.get("ids")
    exclude, taste = message.get("exclude"), message.get("taste")
    knob = message.get("diversity")
    options = codec.QueryOptions(
        k=message["k"],
        beam=message.get("beam", 0),
        rescore=message.get("rescore"),
        parts=message.get("parts", 0),
        score_floor=message.get("score_floor"),
        user=message.get("user"),
        minimum_version=message.get("minimum_version", 0),
        exclude=None if exclude is None else codec.as_ids(exclude),
        taste=None if taste is None else taste_codec.taste(**taste),
        diversity=None if knob is None else codec.diversity(**knob),
    )
    return codec.query(
        message["handle"],
        options,
        vectors,
        None if ids is None else codec.as_ids(ids),
        None if scales is None else np.array(scales, "<f4"),
    )


def _rows(message: dict[str, Any]) -> codec.Body:
    payloads = message["payloads"]
    return codec.rows(
        message["handle"],
        codec.as_ids(message["ids"]),
        codec.as_vectors(message["vectors"]),
        None if payloads is None else [payload.encode() for payload in payloads],
    )


def _schema(message: dict[str, Any]) -> codec.Body:
    names = (message["name"], message["dim"], message["metric"], message["quantizer"])
    return codec.schema(*names, message["neighbours"], message["build_beam"])


FIELDS = {
    name: FieldInfo(number, name, kind, "")
    for name, number, kind in (
        ("ships", 1, "keyword"), ("price", 2, "float"), ("seller", 3, "int"), ("sale", 4, "bool"),
        ("five", 5, "int"), ("place", 6, "geo"), ("tags", 7, "keywords"), ("added", 8, "time"),
    )
}  # fmt: skip
# The filter that `count` and `query-filtered` have: one node of every kind.
FILTER = all_of(
    field("ships").isin(["br", "é"]),
    ~field("price").between(-0.5, 40),
    any_of(
        field("seller").isin([17, -1]), field("seller").between(5, 6), field("sale").isin([True]),
        field("five").exists(), items([7, 1 << 40]), everything(),
    ),
    field("place").inside(-10, 170, 10, -170),
    field("place").near(52.5, -13.25, 1_500),
)  # fmt: skip
BOOSTS = (
    FieldBoost("added", "exp", 0.5, scale=3_600_000),
    FieldBoost("place", "gauss", -1, (52.5, -13.25), scale=1_000, offset=100, decay=0.25),
    FieldBoost("price", "linear", 2, 9.5, scale=8),
)


def _about_fields(name: str, m: dict[str, Any]) -> codec.Body | None:
    """The body of a request about fields; None of any other."""
    handle, both = m.get("handle", 0), slice(0, 2)
    match name:
        case "fields-declare":
            declared = {n: t if isinstance(t, str) else tuple(t) for n, t in m["fields"].items()}
            return field_codec.declare(handle, declared)
        case "fields-list":
            return field_codec.list_fields(handle)
        case "count":
            return field_codec.count(handle, FILTER.encode(FIELDS), m["facets"], m["limit"])
        case "scroll":
            after = field_codec.Cursor(**m["after"])
            where = everything().encode(FIELDS)
            rest = (m["order"], m["descending"], m["limit"], after, m["fields"], m["payloads"])
            return field_codec.scroll(handle, where, *rest)
        case "delete-matching":
            where = field("five").exists().encode(FIELDS)
            return field_codec.delete_matching(handle, where, m["limit"])
        case "query-filtered":
            sections = field_codec.query_sections(FIELDS, FILTER, BOOSTS, ["ships", "place"])
            options = codec.QueryOptions(
                k=m["k"], parts=m["parts"], field_sections=sections, group=tuple(m["group"])
            )
            return codec.query(handle, options, ids=codec.as_ids(m["ids"]))
        case "query-spaced":
            sections = field_codec.query_sections(FIELDS, None, (), (), tuple(m["spacing"]))
            options = codec.QueryOptions(
                k=m["k"],
                user=m["user"],
                taste=taste_codec.taste(**m["taste"]),
                field_sections=sections,
            )
            return codec.query(handle, options)
        case "query-traced":
            options = codec.QueryOptions(k=m["k"], trace=codec.trace_option(m["trace"]))
            return codec.query(handle, options, ids=codec.as_ids(m["ids"]))
        case "upsert-fields":
            vectors = np.full((2, 3), m["vectors"], "<f4")
            columns = field_codec.columns(FIELDS, m["columns"], both)
            return codec.rows(handle, codec.as_ids(m["ids"]), vectors, None, columns)
        case "patch-fields":
            columns = field_codec.columns(FIELDS, m["columns"], both)
            return codec.patch(handle, codec.as_ids(m["ids"]), None, None, None, columns)
    return None


def body(frame: dict[str, Any]) -> codec.Body:
    """The request's body by the client's own functions."""
    m = frame["message"]
    opcode = frame["opcode"]
    about_fields = _about_fields(frame["name"], m)
    if about_fields is not None:
        return about_fields
    if opcode == _auth.AUTHENTICATE:
        return _auth.Credential(m["kind"], m["secret"]).body(m["secret"])
    if opcode == CANCEL:
        return [m["request_id"].to_bytes(4, "little")]
    if opcode == codec.HELLO:
        return codec.hello(m["client"], m["largest_body"], bytes.fromhex(m["server_id"]))
    if opcode == codec.PING:
        return [m["token"].to_bytes(8, "little")]
    if opcode in (codec.OPEN, codec.DROP, codec.STATS, codec.GENERATION_LIST):
        return codec.name(m["name"])
    if opcode == codec.CREATE:
        return _schema(m)
    if opcode == codec.GENERATION_SWAP:
        thresholds = Thresholds(**m["thresholds"])
        return codec.generation_swap(m["handle"], m["step"], m["force"], thresholds)
    if opcode == codec.GENERATION_CREATE:
        return codec.generation_create(m["handle"], _schema(m["schema"]), m["model"])
    if opcode == codec.GENERATION_DROP:
        return codec.generation_drop(m["handle"], m["role"])
    if opcode == codec.LIST:
        return []
    if opcode == codec.BACKUP:
        return _backups.encode(m["name"], m["collection"], m["file"], m["bytes_per_second"])
    if opcode == codec.QUERY:
        return _query(m)
    if opcode == codec.GET:
        return codec.get(m["handle"], codec.as_ids(m["ids"]), m["vectors"])
    if opcode == codec.UPSERT:
        return _rows(m)
    if opcode == codec.DELETE:
        return codec.delete(m["handle"], codec.as_ids(m["ids"]))
    if opcode == codec.PATCH:
        vectors, payloads = m["vectors"], m["payloads"]
        return codec.patch(
            m["handle"],
            codec.as_ids(m["ids"]),
            None if m["versions"] is None else codec.as_ids(m["versions"]),
            None if vectors is None else np.array(vectors, "<f4"),
            None if payloads is None else [payload.encode() for payload in payloads],
        )
    if opcode == codec.LOAD_BEGIN:
        start = m.get("start", 0)
        return codec.load_begin(m["handle"], m["loader_id"], m["epoch"], start)
    if opcode == codec.LOAD_DATA:
        return codec.load_data(m["loader_id"], m["epoch"], m["sequence"], _rows(m["rows"]))
    if opcode == codec.LOAD_COMMIT:
        return codec.load_commit(
            m["handle"], m["loader_id"], m["epoch"], m["expected_rows"], m["id_crc"]
        )
    if opcode == codec.EVENT:
        types = np.array([EVENT_TYPES[kind] for kind in m["types"]], np.uint8)
        times = np.array(m["times"], "<i8")
        return taste_codec.events(
            m["handle"], codec.as_ids(m["users"]), codec.as_ids(m["items"]), times, types
        )
    raise AssertionError(opcode)


def encode(frame: dict[str, Any]) -> bytes:
    parts = body(frame)
    header = codec.encode_header(
        frame["opcode"], frame["request_id"], frame["microseconds"], parts, frame["body_crc"]
    )
    return header + b"".join(map(flat, parts))

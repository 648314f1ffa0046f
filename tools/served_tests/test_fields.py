"""Fields, filters, groups, counts and scrolls through a real server and the Python client."""

import datetime
import json
import math

import numpy as np
import palate
import pytest

from palate import Client, FieldBoost, PalateError, UnknownField, everything, field, items

COUNT, DIM = 600, 16
COUNTRIES = ("br", "pt", "us", "de")
NOW = datetime.datetime(2026, 11, 26, tzinfo=datetime.timezone.utc)
DECLARED = {
    "brand": "keyword",
    "ships": ("keywords", "/to/ships"),
    "seller": "int",
    "price": "float",
    "sale": "bool",
    "added": "time",
    "place": "geo",
    "stock": ("int", None),
}


def row(number, generator):
    """What one item has in its payload."""
    return {
        "brand": f"b{generator.integers(12)}",
        "to": {"ships": [c for c in COUNTRIES if generator.random() < 0.4]},
        "seller": int(generator.integers(40)),
        "price": float(np.round(generator.lognormal(3, 1), 2)),
        "sale": bool(generator.random() < 0.3),
        "added": (NOW - datetime.timedelta(hours=number)).isoformat(),
        "place": {
            "lat": float(generator.uniform(-60, 60)),
            "lon": float(generator.uniform(-180, 180)),
        },
    }


class Catalogue:
    """A collection with fields, and the same rows as dictionaries."""

    def __init__(self, client, name):
        generator = np.random.default_rng(5)
        self.client, self.name = client, name
        self.rows = [row(number, generator) for number in range(COUNT)]
        self.stock = [None if number % 7 == 0 else number % 50 for number in range(COUNT)]
        self.vectors = generator.normal(size=(COUNT, DIM)).astype(np.float32)
        client.create_collection(name, dim=DIM, metric="l2")
        client.declare_fields(name, DECLARED)
        client.upsert(
            name, np.arange(COUNT), self.vectors, self.rows, columns={"stock": self.stock}
        )

    def nearest(self, query, holds, k):
        """The exact answer."""
        distances = ((self.vectors - query) ** 2).sum(axis=1)
        passing = [number for number in np.argsort(distances) if holds(number)]
        return passing[:k]


@pytest.fixture(scope="module")
def catalogue(server):
    with Client(server.address) as client:
        yield Catalogue(client, "fields-catalogue")


def kilometers(one, other):
    """The haversine distance."""
    (a, b), (c, d) = np.radians(one), np.radians(other)
    chord = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(chord))


FILTERS = {
    "keyword": (field("brand") == "b3", lambda r, s: r["brand"] == "b3"),
    "keywords": (
        field("ships").isin(["br", "pt"]),
        lambda r, s: not {"br", "pt"}.isdisjoint(r["to"]["ships"]),
    ),
    "issue": (
        field("ships").isin(["br", "pt"]) & (field("price") < 40) & ~(field("seller") == 17),
        lambda r, s: not {"br", "pt"}.isdisjoint(r["to"]["ships"])
        and r["price"] < 40 and r["seller"] != 17,
    ),
    "or": (
        (field("seller") >= 30) | (field("sale") == True),  # noqa: E712
        lambda r, s: r["seller"] >= 30 or r["sale"],
    ),
    "between": (field("price").between(10, 20), lambda r, s: 10 <= r["price"] <= 20),
    "time": (
        field("added") > NOW - datetime.timedelta(hours=100),
        lambda r, s: datetime.datetime.fromisoformat(r["added"])
        > NOW - datetime.timedelta(hours=100),
    ),
    "near": (
        field("place").near(10, 20, 4_000_000),
        lambda r, s: kilometers((10, 20), (r["place"]["lat"], r["place"]["lon"])) <= 4_000,
    ),
    "inside": (
        field("place").inside(-30, 150, 30, -150),
        lambda r, s: abs(r["place"]["lat"]) <= 30
        and (r["place"]["lon"] >= 150 or r["place"]["lon"] <= -150),
    ),
    "column": (field("stock") <= 5, lambda r, s: s is not None and s <= 5),
    "missing": (~field("stock").exists(), lambda r, s: s is None),
    "not equal": (field("stock") != 4, lambda r, s: s != 4),
    "none": (field("price") < 0, lambda r, s: False),
    "everything": (everything(), lambda r, s: True),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_filters_return_the_nearest_items_that_pass(catalogue, name):
    where, holds = FILTERS[name]
    passing = [n for n in range(COUNT) if holds(catalogue.rows[n], catalogue.stock[n])]
    assert catalogue.client.count(catalogue.name, where)[0] == len(passing)
    queries = catalogue.vectors[:20]
    results = catalogue.client.query(catalogue.name, vectors=queries, k=10, filter=where)
    for query, found, count in zip(queries, results.ids, results.counts, strict=True):
        exact = catalogue.nearest(query, set(passing).__contains__, 10)
        assert found[:count].tolist() == exact


def test_items_are_a_filter(catalogue):
    where = items([3, 5, 9_999]) | (field("brand") == "no such brand")
    results = catalogue.client.query(
        catalogue.name, vectors=catalogue.vectors[3], k=10, filter=where
    )
    assert sorted(results.ids[0][: results.counts[0]].tolist()) == [3, 5]


def test_groups_boosts_fields_and_plans(catalogue):
    results = catalogue.client.query(
        catalogue.name,
        vectors=catalogue.vectors[:3],
        k=30,
        filter=field("price") > 5,
        group=("brand", 3),
        fields=["brand", "price", "ships", "place", "stock"],
        plan=True,
    )
    assert results.plan["matches"] == sum(r["price"] > 5 for r in catalogue.rows)
    for place, (found, count) in enumerate(zip(results.ids, results.counts, strict=True)):
        rows = [catalogue.rows[int(item)] for item in found[:count]]
        brands = [r["brand"] for r in rows]
        assert count == 30 and max(brands.count(brand) for brand in brands) <= 3
        assert results.fields["brand"][place] == brands
        assert results.fields["price"][place] == [r["price"] for r in rows]
        assert [set(s) for s in results.fields["ships"][place]] == [
            set(r["to"]["ships"]) for r in rows
        ]
        assert results.fields["place"][place] == [
            (r["place"]["lat"], r["place"]["lon"]) for r in rows
        ]
        assert results.fields["stock"][place] == [
            catalogue.stock[int(item)] for item in found[:count]
        ]
    boost = FieldBoost("price", "value", 1e6)
    boosted = catalogue.client.query(
        catalogue.name, vectors=catalogue.vectors[0], k=5, field_boosts=[boost], parts=True
    )
    prices = [catalogue.rows[int(item)]["price"] for item in boosted.ids[0]]
    assert prices == sorted(prices, reverse=True)
    assert np.allclose(boosted.parts["boost"][0], np.array(prices) * 1e6, rtol=1e-5)


def test_values_and_terms_come_together_and_values_stand_apart(catalogue):
    def ask(**options):
        return catalogue.client.query(
            catalogue.name,
            vectors=catalogue.vectors[0],
            k=30,
            fields=["brand"],
            parts=True,
            **options,
        )

    def repeats(brands):
        return sum(brand in brands[max(0, i - 3) : i] for i, brand in enumerate(brands))

    plain, spaced = ask(), ask(spacing=("brand", 10, 3))
    for results in (plain, spaced):
        rows = [catalogue.rows[int(item)] for item in results.ids[0]]
        assert results.fields["brand"][0] == [r["brand"] for r in rows]
        assert tuple(results.parts) == palate.SCORE_PARTS
        assert np.allclose(sum(results.parts.values()), results.scores, atol=1e-4)
    assert repeats(spaced.fields["brand"][0]) < repeats(plain.fields["brand"][0])
    with pytest.raises(palate.RequestRefused, match="ships"):
        ask(spacing=("ships", 1))


def test_facets_count_the_values_of_the_matches(catalogue):
    total, facets = catalogue.client.count(
        catalogue.name, field("price") < 20, facets=["brand", "ships", "sale"]
    )
    rows = [r for r in catalogue.rows if r["price"] < 20]
    assert total == len(rows)
    brands = [r["brand"] for r in rows]
    assert facets["brand"] == {brand: brands.count(brand) for brand in brands}
    assert facets["ships"] == {
        country: sum(country in r["to"]["ships"] for r in rows) for country in COUNTRIES
    }
    assert facets["sale"][True] == sum(r["sale"] for r in rows)


@pytest.mark.parametrize("order", [None, "price", "added"])
@pytest.mark.parametrize("descending", [False, True])
def test_scrolls_list_every_match_in_order(catalogue, order, descending):
    pages = list(
        catalogue.client.scroll(
            catalogue.name, field("sale") == True, order=order, descending=descending,  # noqa: E712
            fields=["price"], payload=True, page=23,
        )
    )  # fmt: skip
    found = [int(item) for page in pages for item in page.ids]
    assert sorted(found) == [n for n in range(COUNT) if catalogue.rows[n]["sale"]]
    if order is not None:
        keys = [catalogue.rows[n][order] for n in found]
        assert keys == sorted(keys, reverse=descending)
    for page in pages:
        assert page.fields["price"] == [catalogue.rows[int(n)]["price"] for n in page.ids]
        assert [json.loads(p)["brand"] for p in page.payloads] == [
            catalogue.rows[int(n)]["brand"] for n in page.ids
        ]


def test_writes_are_seen_by_the_next_filtered_query(own_server):
    with Client(own_server.address) as client:
        catalogue = Catalogue(client, "written")
        client.patch("written", [3], payloads=[{"brand": "patched"}])
        assert client.count("written", field("brand") == "patched")[0] == 1
        client.patch("written", [3], columns={"stock": [777]})
        found = client.query(
            "written", vectors=catalogue.vectors[3], k=5, filter=field("stock") == 777
        )
        assert found.ids[0][: found.counts[0]].tolist() == [3]
        receipt = client.delete_where("written", field("brand").isin(["b1", "b2"]))
        gone = sum(r["brand"] in ("b1", "b2") for n, r in enumerate(catalogue.rows) if n != 3)
        assert receipt.changed == gone
        assert client.count("written")[0] == COUNT - gone
    own_server.stop()
    own_server.start()
    with Client(own_server.address) as client:
        assert client.count("written", field("brand") == "patched")[0] == 1
        assert client.count("written", field("brand").isin(["b1", "b2"]))[0] == 0
        assert client.fields("written")["stock"].valued > 0


def test_fields_declared_later_become_ready(own_server):
    with Client(own_server.address) as client:
        vectors = np.eye(8, dtype=np.float32)
        client.create_collection("later", dim=8, metric="l2")
        client.upsert("later", range(8), vectors, [{"n": n, "odd": "x"} for n in range(8)])
        client.declare_fields("later", {"n": "int", "odd": "int"})
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=30)
        while not all(info.ready for info in client.fields("later").values()):
            assert datetime.datetime.now() < deadline
        info = client.fields("later")
        assert (info["n"].valued, info["odd"].valued, info["odd"].mistyped) == (8, 0, 8)
        assert client.count("later", field("n") >= 6)[0] == 2


def test_what_is_wrong_is_refused_by_name(catalogue):
    client, name = catalogue.client, catalogue.name
    with pytest.raises(UnknownField, match="there is no field prize; there are"):
        client.count(name, field("prize") < 3)
    with pytest.raises(PalateError, match="ships"):
        client.query(name, vectors=catalogue.vectors[0], group=("ships", 2))
    with pytest.raises(PalateError, match="price is declared as float"):
        client.declare_fields(name, {"price": "int"})
    with pytest.raises(PalateError, match="facet"):
        client.count(name, facets=["price"])
    with pytest.raises(PalateError, match="brand"):
        boost = FieldBoost("brand", "exp", 1)
        client.query(name, vectors=catalogue.vectors[0], field_boosts=[boost])
    with pytest.raises(PalateError, match="filter nodes"):
        where = field("price") < 3
        for _ in range(300):
            where = where & (field("price") < 3)
        client.count(name, where)
    with pytest.raises(TypeError, match="parentheses"):
        bool(field("price") < 3)

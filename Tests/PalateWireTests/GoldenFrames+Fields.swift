import PalateModel
import PalateWire

// What is said about fields.
extension GoldenFrames {
    private static let place = GeoPoint(latitude: 52.5, longitude: -13.25)

    /// One node of every kind.
    private static let filter = Filter.and([
        .field(1, .keywords(["br", "é"])), .not(.field(2, .floatRange(-0.5...40))),
        .or([
            .field(3, .integers([17, -1])), .field(3, .integerRange(5...6)),
            .field(4, .bool(true)), .field(5, .exists), .items([7, 1 << 40]), .all,
        ]),
        .field(6, .box(GeoBox(south: -10, north: 10, west: 170, east: -170))),
        .field(6, .within(meters: 1_500, of: place)),
    ])

    private static let columns = [
        FieldColumn(field: 4, values: [.bool(true), nil]),
        FieldColumn(field: 3, values: [nil, .integer(-9)]),
        FieldColumn(field: 7, values: [.keywords(["a", ""]), .keywords([])]),
        FieldColumn(field: 2, values: [nil, nil]),
    ]

    private static var filtered: SearchRequest {
        SearchRequest(
            handle: 9,
            source: .items([4]),
            k: 5,
            parts: .plan,
            filter: filter,
            group: GroupRequest(field: 1, cap: 2),
            fieldBoosts: [
                FieldBoost(field: 8, curve: .exponential, weight: 0.5, scale: 3_600_000),
                FieldBoost(
                    field: 6,
                    curve: .gauss,
                    weight: -1,
                    place: place,
                    scale: 1_000,
                    offset: 100,
                    decay: 0.25
                ),
                FieldBoost(field: 2, curve: .linear, weight: 2, origin: 9.5, scale: 8),
            ],
            fields: [1, 6]
        )
    }

    private static var spaced: SearchRequest {
        SearchRequest(
            handle: 9,
            source: .user,
            k: 5,
            user: 77,
            taste: TasteRequest([.graph: 0.5], profile: "discover", reranker: "rrf"),
            spacing: SpacingRequest(field: 3, weight: 0.25, window: 6)
        )
    }

    private static var traced: SearchRequest {
        SearchRequest(
            handle: 9,
            source: .items([5]),
            k: 3,
            traceID: TraceID("0af7651916cd43dd8448eb211c80319c")
        )
    }

    /// Frames about fields.
    static let fieldRequests: [RequestFrame] = [
        frame(
            "fields-declare",
            31,
            .declareFields(
                handle: 9,
                fields: [
                    FieldDeclaration("price", .float),
                    FieldDeclaration("ships", .keywordSet, path: "/to/ships"),
                    FieldDeclaration("stock", .integer, path: ""),
                ]
            )
        ),
        frame("fields-list", 32, .listFields(handle: 9)),
        frame(
            "count",
            33,
            .count(CountRequest(handle: 9, filter: filter, facets: [1, 4], facetLimit: 10))
        ),
        frame(
            "scroll",
            34,
            .scroll(
                ScrollRequest(
                    handle: 9,
                    filter: .all,
                    order: 2,
                    isDescending: true,
                    limit: 20,
                    after: ScrollRequest.Cursor(item: 7, key: -5),
                    fields: [1],
                    wantsPayloads: true
                )
            )
        ),
        frame(
            "delete-matching",
            35,
            .deleteMatching(handle: 9, filter: .field(5, .exists), limit: 1_000)
        ),
        frame("query-filtered", 36, .query(filtered)),
        frame("query-spaced", 39, .query(spaced)),
        frame("query-traced", 40, .query(traced)),
        frame(
            "upsert-fields",
            37,
            .upsert(
                handle: 9,
                rows: RowBatch(
                    ids: [1, 2],
                    vectors: [Float](repeating: 0.5, count: 2 * dimensions),
                    fields: columns
                )
            )
        ),
        frame(
            "patch-fields",
            38,
            .patch(handle: 9, patch: PatchBatch(ids: [1, 2], fields: columns))
        ),
    ]

    /// Answers about fields.
    static let fieldResponses: [ResponseFrame] = [
        frame(
            "fields",
            32,
            .fields(
                opcode: Opcode.fieldsList.rawValue,
                [
                    FieldFigures(
                        declaration: FieldDeclaration("ships", .keywordSet, path: "/to", id: 2),
                        isReady: true,
                        valued: 10,
                        missing: 3,
                        mistyped: 1,
                        distinct: 4,
                        bytes: 4_096
                    ),
                    FieldFigures(
                        declaration: FieldDeclaration("stock", .integer, path: "", id: 3),
                        isReady: false
                    ),
                ]
            )
        ),
        frame("counted", 33, .counted(counted)),
        frame("page", 34, .scrolled(page)),
        frame(
            "deleted-matching",
            35,
            .deletedMatching(WriteReceipt(version: 12, changed: 3, generation: 2))
        ),
        frame("results-fields", 36, .results(results)),
    ]

    private static var counted: CountResponse {
        var counted = CountResponse()
        counted.count = 14
        counted.appliedVersion = 12
        counted.facets = [
            [
                CountResponse.FacetValue(value: .keyword("br"), count: 9),
                CountResponse.FacetValue(value: .keyword("é"), count: 5),
            ],
            [CountResponse.FacetValue(value: .bool(false), count: 14)],
        ]
        return counted
    }

    private static var page: ScrollResponse {
        var page = ScrollResponse()
        page.ids = [7, 9]
        page.fields = [[.float(1.5), nil], [.geo(place), .geo(place)]]
        page.payloads = [Array("one".utf8), []]
        page.next = ScrollRequest.Cursor(item: 9, key: 3)
        return page
    }

    private static var results: SearchResponse {
        var results = SearchResponse()
        results.generation = 2
        results.appliedVersion = 12
        results.visitedCount = 40
        results.offsets = [0, 2]
        results.ids = [7, 9]
        results.scores = [0.5, 0.25]
        results.fields = [[.keyword("br"), nil], [nil, .keywords(["a", "b"])]]
        var plan = PlanReport(
            strategy: .matchGraph,
            beamWidth: 64,
            candidates: 64,
            rescored: 20,
            matches: 6_000,
            rows: 60_000,
            scanNanoseconds: 20,
            walkNanoseconds: 13_000,
            slotNanoseconds: 400
        )
        plan.rounds = 2
        results.plan = plan
        return results
    }
}

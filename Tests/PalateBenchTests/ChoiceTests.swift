import PalateBench
import Testing

@Suite struct ChoiceTests {
    /// A rung that runs at `rate` at recall 0.95 and reaches `recall`.
    private static func rung(
        _ name: String,
        bytes: Int,
        rate: Double,
        recall: Double = 1
    ) -> RungFigures {
        RungFigures(
            name: name,
            indexBytes: bytes,
            rowCount: 10,
            buildSeconds: 1,
            points: [
                OperatingPoint(beamWidth: 10, recall: min(0.95, recall), rate: rate),
                OperatingPoint(beamWidth: 20, recall: recall, rate: rate / 2),
            ]
        )
    }

    private static func unbuilt(_ name: String, bytes: Int) -> RungFigures {
        RungFigures(name: name, indexBytes: bytes, rowCount: 10, buildSeconds: nil, points: [])
    }

    @Test func `keeps on the front what no other beats in bytes and rate`() {
        let rungs = [
            Self.rung("large and fast", bytes: 400, rate: 900),
            Self.rung("middling", bytes: 200, rate: 500),
            Self.rung("larger than middling, no faster", bytes: 300, rate: 400),
            Self.rung("small and slow", bytes: 100, rate: 100),
            Self.rung("smallest, does not reach it", bytes: 50, rate: 9_999, recall: 0.9),
            Self.unbuilt("over budget", bytes: 10),
        ]
        #expect(
            RungChoice.front(of: rungs, atRecall: 0.95) == [true, true, false, true, false, false]
        )
    }

    @Test func `drops the slower of two equally large and keeps equals`() {
        let rungs = [
            Self.rung("bf16", bytes: 200, rate: 400), Self.rung("f16", bytes: 200, rate: 500),
            Self.rung("f16 again", bytes: 200, rate: 500),
        ]
        #expect(RungChoice.front(of: rungs, atRecall: 0.95) == [false, true, true])
    }

    @Test func `chooses the fastest at the recall, else the highest recall`() {
        let rungs = [
            Self.unbuilt("over budget", bytes: 900),
            Self.rung("slow", bytes: 300, rate: 100, recall: 0.999),
            Self.rung("fast", bytes: 300, rate: 700, recall: 0.96),
            Self.rung("coarse", bytes: 100, rate: 5_000, recall: 0.8),
        ]
        #expect(RungChoice.best(of: rungs, atRecall: 0.95) == 2)
        #expect(RungChoice.best(of: rungs, atRecall: 0.99) == 1)
        #expect(RungChoice.best(of: rungs, atRecall: 0.9999) == 1)
        #expect(RungChoice.best(of: [rungs[0]], atRecall: 0.5) == nil)
    }

    @Test func `chooses the smaller of two that are as fast`() {
        let rungs = [
            Self.rung("large", bytes: 300, rate: 500), Self.rung("small", bytes: 200, rate: 500),
            Self.rung("middling", bytes: 250, rate: 500),
        ]
        #expect(RungChoice.best(of: rungs, atRecall: 0.95) == 1)
    }

    // MARK: Stacks

    /// The registry as it is on clustered vectors of 256 components.
    private static let registry = [
        CodeTraits(name: "float32", codeBytes: 1_024, error: 0, isFitForBuilding: true),
        CodeTraits(name: "sq8", codeBytes: 264, error: 0.008, isFitForBuilding: true),
        CodeTraits(name: "f16", codeBytes: 512, error: 0.0002, isFitForBuilding: true),
        CodeTraits(name: "bf16", codeBytes: 512, error: 0.0016, isFitForBuilding: true),
        CodeTraits(name: "sq4", codeBytes: 136, error: 0.1, isFitForBuilding: true),
        CodeTraits(name: "rq1", codeBytes: 64, error: 0.22, isFitForBuilding: false),
        CodeTraits(name: "rq2", codeBytes: 96, error: 0.1001, isFitForBuilding: false),
    ]

    private static func names(_ codes: [CodeTraits]) -> [String] {
        StackSelection.stacks(of: codes).map { "\(codes[$0.codes].name)+\(codes[$0.finer].name)" }
    }

    @Test func `stacks what is worth a second look and nothing else`() {
        #expect(
            Self.names(Self.registry) == [
                "sq8+f16", "sq4+sq8", "sq4+f16", "rq1+sq8", "rq1+f16", "rq1+sq4", "rq2+sq8",
                "rq2+f16", "rq2+sq4",
            ]
        )
    }

    @Test func `stacks nothing finer on codes that lose nothing`() {
        // Pixels: 8 bits are exact, so 16 bits are never worth their bytes.
        let pixels = Self.registry.map { codes in
            CodeTraits(
                name: codes.name,
                codeBytes: codes.codeBytes,
                error: ["sq8", "f16"].contains(codes.name) ? 0 : codes.error,
                isFitForBuilding: codes.isFitForBuilding
            )
        }
        #expect(
            Self.names(pixels) == ["sq4+sq8", "rq1+sq8", "rq1+sq4", "rq2+sq8", "rq2+sq4"]
        )
    }

    @Test func `a stack needs codes that links can be chosen by`() {
        let coarse = Self.registry.filter { !$0.isFitForBuilding }
        #expect(Self.names(coarse).isEmpty)
    }
}

import PalateBench
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("1", 1), ("1500000000", 1_500_000_000), ("256MB", 256_000_000), ("3GB", 3_000_000_000),
        ("64MiB", 64 << 20), ("1.5GiB", 3 << 29), ("2gib", 2 << 30), ("0.5mb", 500_000),
    ])
    func `reads sizes with and without units`(text: String, bytes: Int) throws {
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test(arguments: ["", "MB", "12 MB", "-5MB", "1.5", "1e9", "12KB", "0x10", "1.2.3MB", "٣MB"])
    func `refuses what is no size`(text: String) {
        #expect(throws: ByteSizeError.notASize(got: text)) { try ByteSize(parsing: text) }
    }

    @Test(arguments: ["0", "0.0000001MB", "99999999999GB", "9007199254740992"])
    func `refuses sizes out of range`(text: String) {
        #expect(throws: ByteSizeError.outOfRange(got: text)) { try ByteSize(parsing: text) }
    }

    @Test func `says sizes in the unit that fits`() {
        #expect("\(ByteSize(bytes: 12_345))" == "12,345 bytes")
        #expect("\(ByteSize(bytes: 58_400_000))" == "58.4 MB")
        #expect("\(ByteSize(bytes: 1_234_567_890))" == "1.23 GB")
    }

    @Test func `writes numbers for people`() {
        #expect(Numbers.plain(0.95, digits: 4) == "0.95")
        #expect(Numbers.plain(0.0042, digits: 3) == "0.004")
        #expect(Numbers.plain(-0.004, digits: 2) == "0")
        #expect(Numbers.plain(-1.25, digits: 1) == "-1.3")
        #expect(Numbers.plain(99.999, digits: 2) == "100")
        #expect(Numbers.grouped(0.4) == "0")
        #expect(Numbers.grouped(999.6) == "1,000")
        #expect(Numbers.grouped(1_234_567) == "1,234,567")
        #expect(Numbers.grouped(-57_800) == "-57,800")
    }

    private static let rungs = [
        RungFigures(
            name: "sq8",
            indexBytes: 9_640,
            rowCount: 10,
            buildSeconds: 8.31,
            points: [
                OperatingPoint(beamWidth: 10, recall: 0.97, rate: 57_800),
                OperatingPoint(beamWidth: 20, recall: 0.99, rate: 44_200),
            ]
        ),
        RungFigures(
            name: "rq1",
            indexBytes: 2_505,
            rowCount: 10,
            buildSeconds: 4,
            points: [OperatingPoint(beamWidth: 10, recall: 0.6, rate: 90_000)]
        ),
        RungFigures(
            name: "float32<&>",
            indexBytes: 32_000,
            rowCount: 10,
            buildSeconds: nil,
            points: []
        ),
    ]

    @Test func `sets the table in columns`() {
        let text = LadderTable.text(of: Self.rungs, atRecall: 0.95)
        #expect(
            text == """
                   quantizer   bytes/item      build s      0.9     0.95    0.99  0.999
                *  sq8                964          8.3  >57,800  >57,800  44,200      -
                   rq1              250.5            4        -        -       -      -
                   float32<&>        3200  over budget
                * on the Pareto front of bytes and rate at recall 0.95; > all beams find more

                """
        )
    }

    @Test func `gives the recall asked for a column`() {
        let asked = LadderTable.text(of: Self.rungs, atRecall: 0.975).split(separator: "\n")
        #expect(asked[0].hasSuffix("build s      0.9     0.95   0.975    0.99  0.999"))
        #expect(asked[1].hasSuffix(">57,800  >57,800  54,051  44,200      -"))
    }

    @Test func `plots every built rung in each panel and leaves the rest out`() {
        let svg = RecallPlot.svg(of: Self.rungs, atRecall: 0.95, k: 10, title: "a <b> & \"c\"\u{1}")
        #expect(svg.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns="))
        #expect(svg.hasSuffix("</svg>\n"))
        #expect(svg.contains(">a &lt;b&gt; &amp; &quot;c&quot;</text>"))
        #expect(!svg.contains("float32"))
        #expect(!svg.contains("<script") && !svg.contains("nan") && !svg.contains("inf\""))
        for text in [
            "sq8 *", "rq1", "recall@10", "queries/s per core", "Rate at recall 0.95 by bytes",
        ] {
            #expect(svg.contains(">\(text)</text>"), "\(text)")
        }
        // sq8: two beams by rate, one rate by bytes, two recalls by bytes, the legend; rq1: one
        // beam, one recall, the legend.
        #expect(svg.split(separator: "<circle").count - 1 == 6 + 3)
    }

    @Test func `places marks by their values`() throws {
        // Recall 0.9 is where the axis begins, so the mark is on the left side of the panel.
        let rung = RungFigures(
            name: "sq8",
            indexBytes: 100,
            rowCount: 1,
            buildSeconds: 1,
            points: [
                OperatingPoint(beamWidth: 10, recall: 0.9, rate: 1_000),
                OperatingPoint(beamWidth: 20, recall: 0.9999, rate: 100),
            ]
        )
        let svg = RecallPlot.svg(of: [rung], atRecall: 0.95, k: 10, title: "")
        let marks = svg.split(separator: "\n").filter { $0.hasPrefix("<circle") }
        let first = try #require(marks.first)
        let second = try #require(marks.dropFirst().first)
        func value(_ name: String, _ mark: Substring) throws -> Double {
            let parts = mark.split(separator: "\"")
            let index = try #require(parts.firstIndex { $0.hasSuffix(" \(name)=") })
            return try #require(Double(parts[index + 1]))
        }
        #expect(try value("cx", first) == 66)
        #expect(try value("cx", second) == 430 - 14)
        // Slower is further down.
        #expect(try value("cy", first) < value("cy", second))
    }

    @Test func `plots nothing at all without tripping`() {
        let svg = RecallPlot.svg(of: [], atRecall: 1, k: 1, title: "nothing")
        #expect(svg.contains("nothing") && !svg.contains("<circle"))
    }
}

import PalateIndex
import PalateModel
import TestKit
import Testing

/// Cosines of a few vectors to many rows against one pair after another.
@Suite struct CosineTests {
    @Test(arguments: ["float32", "sq8", "sq4+f16", "sq4+sq13", "rq2"])
    func `a block of rows has the cosines of its pairs`(quantizer: String) throws {
        let fixture = IndexFixture(count: 300, dimensions: 37, quantizer: quantizer)
        let (directory, collection) = try fixture.create()
        var rows = fixture.batch(0..<299)
        // A row of zeros has no direction.
        rows.ids.append(IndexFixture.item(299))
        rows.vectors += [Float](repeating: 0, count: 37)
        rows.payloads.append([])
        try write(.upsert(rows), to: collection)
        let codes = try #require(collection.codes)
        let zeros = try #require(collection.directory.ordinal(of: IndexFixture.item(299)))
        for (unitCount, rowCount) in [(0, 5), (1, 1), (3, 0), (2, 4), (10, 33), (26, 7)] {
            let units = (0..<unitCount).flatMap { codes.unitVector(of: Ordinal(7 * $0)) }
            let ordinals = (0..<rowCount).map { $0 == 4 ? zeros : Ordinal(5 * $0) }
            var found = [Float](repeating: .nan, count: unitCount * rowCount)
            var span = found.mutableSpan
            codes.cosines(of: units.span, to: ordinals.span, into: &span)
            for unit in 0..<unitCount {
                let vector = codes.unitVector(of: Ordinal(7 * unit))
                for (place, ordinal) in ordinals.enumerated() {
                    let expected = zip(vector, codes.unitVector(of: ordinal)).reduce(0) {
                        $0 + $1.0 * $1.1
                    }
                    #expect((found[unit * rowCount + place] - expected).magnitude < 1e-5)
                }
            }
        }
        try directory.close()
    }
}

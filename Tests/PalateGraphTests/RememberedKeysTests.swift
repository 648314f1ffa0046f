import PalateGraph
import TestKit
import Testing

@Suite struct RememberedKeysTests {
    @Test(arguments: [0, 1, 900, 2_500])
    func `keeps what is written behind the rest, and sorts the nearest`(count: Int) {
        var generator = SeededGenerator(seed: testSeed())
        var remembered = RememberedKeys()
        for limit in [0, 1, 700, 3_000] {
            remembered.removeAll()
            var written: [UInt64] = []
            while written.count < count {
                let more = min(count - written.count, Int.random(in: 1...40, using: &generator))
                let keys = (0..<more).map { _ in UInt64.random(in: 0...(.max), using: &generator) }
                written += keys
                remembered.withRoom(more) { room, held in
                    for key in keys {
                        room[held] = key
                        held += 1
                    }
                }
            }
            #expect(remembered.count == count)
            remembered.sort(nearest: limit)
            let nearest = min(limit, count)
            #expect(remembered.count >= nearest)
            #expect(
                (0..<nearest).map { remembered[$0] } == written.sorted().prefix(nearest).map { $0 }
            )
        }
    }
}

import PalateModel
import PalateWire
import TestKit
import Testing

@Suite struct ElementTypeTests {
    /// A query by vectors whose VECTORS section is replaced by hand-made bytes.
    private func decode(
        _ type: UInt8,
        _ vectors: [UInt8],
        count: Int
    ) throws(RequestError) -> [Float] {
        var writer = FrameWriter()
        writer.write(UInt32(1))
        writer.write(UInt8(0))
        writer.write(type)
        writer.write(UInt16(0))
        writer.write(UInt32(RandomMessages.dimensions))
        writer.write(UInt32(count))
        writer.write(UInt32(10))
        for _ in 0..<17 { writer.write(UInt32(0)) }
        writer.write(UInt32(1))
        writer.write(UInt32(0))
        writer.write(UInt16(1))
        writer.write(UInt16(1))
        writer.write(UInt32(112))
        writer.write(UInt32(vectors.count))
        writer.write(UInt32(0))
        writer.write(column: vectors)
        let header = FrameHeader(opcode: 16, flags: [], requestID: 1, microseconds: 0)
        guard case .query(let search) = try Codec.request(header, writer.bytes),
            case .vectors(let vectors) = search.source
        else { return [] }
        #expect(vectors.count == count)
        return vectors.floats
    }

    private func bytes<Value: FixedWidthInteger & BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
        var writer = FrameWriter()
        for value in values { writer.write(value) }
        return writer.bytes
    }

    @Test func `every finite half decodes to the float the language makes of it`() throws {
        let halves = (0...UInt16.max).filter { Float16(bitPattern: $0).isFinite }
        let padded = halves + Array(repeating: 0, count: 12 - halves.count % 12)
        let floats = try decode(1, bytes(padded), count: padded.count / 12)
        #expect(
            floats.map(\.bitPattern) == padded.map { Float(Float16(bitPattern: $0)).bitPattern }
        )
    }

    @Test func `unsigned bytes decode to their value`() throws {
        let values = (0..<12 * 22).map { UInt8($0 & 0xFF) }
        #expect(try decode(4, values, count: 22) == values.map { Float($0) })
    }

    @Test func `signed bytes decode to their scale times their value`() throws {
        var messages = RandomMessages(seed: testSeed())
        let scales = messages.floats(3)
        let codes = messages.bytes(36...36)
        let expected = codes.indices.map { scales[$0 / 12] * Float(Int8(bitPattern: codes[$0])) }
        let section = bytes(scales.map(\.bitPattern)) + codes
        #expect(try decode(3, section, count: 3) == expected)
    }

    @Test(arguments: [2, 5, 6, 255])
    func `other element types are unsupported`(type: UInt8) {
        #expect(throws: RequestError.unsupported(what: "element type", got: Int(type))) {
            try decode(type, [UInt8](repeating: 0, count: 48), count: 1)
        }
    }

    @Test(
        arguments: [Float.nan, -Float.nan, .infinity, -.infinity, 1.0001e15, -1.0001e15],
        [0, 1, 11, 12, 35]
    )
    func `a bad float is refused with its row and column`(value: Float, at index: Int) {
        var floats = [Float](repeating: 1e15, count: 36)
        floats[index] = value
        #expect(throws: RequestError.badComponent(row: index / 12, column: index % 12)) {
            try decode(0, bytes(floats.map(\.bitPattern)), count: 3)
        }
    }

    @Test(arguments: [UInt16(0x7C00), 0xFC00, 0x7C01, 0x7FFF])
    func `a bad half is refused with its row and column`(value: UInt16) {
        var halves = [UInt16](repeating: 0xFBFF, count: 24)
        halves[17] = value
        #expect(throws: RequestError.badComponent(row: 1, column: 5)) {
            try decode(1, bytes(halves), count: 2)
        }
    }

    @Test func `a bad scale is refused`() {
        let section = bytes([Float(1).bitPattern, Float.nan.bitPattern]) + [UInt8](1...24)
        #expect(throws: RequestError.badComponent(row: 1, column: 0)) {
            try decode(3, section, count: 2)
        }
    }

    @Test func `byte counts do not overflow`() {
        for type in ElementType.allCases {
            #expect(type.byteCount(rows: .max, dimensions: 2) == nil)
            #expect(type.byteCount(rows: 1 << 32, dimensions: 1) == nil)
        }
        #expect(ElementType.scaledInt8.byteCount(rows: 3, dimensions: 5) == 27)
    }
}

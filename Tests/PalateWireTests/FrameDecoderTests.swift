import PalateModel
import PalateWire
import TestKit
import Testing

@Suite struct FrameDecoderTests {
    /// Three frames as a client may pipeline them.
    private static func stream() throws -> (bytes: [UInt8], ids: [UInt32]) {
        var writer = FrameWriter()
        for id in [UInt32(7), 8, 9] {
            let options = FrameOptions(requestID: id, bodyChecksum: id != 8)
            try Codec.version.encode(.open(name: "pins-\(id)"), options, into: &writer)
        }
        return (writer.bytes, [7, 8, 9])
    }

    /// Feeds chunks as a socket would deliver them.
    private static func ids(of chunks: [ArraySlice<UInt8>]) throws -> [UInt32] {
        var decoder = FrameDecoder()
        var buffer: [UInt8] = []
        var ids: [UInt32] = []
        for chunk in chunks {
            buffer += chunk
            while case .frame(let header, let byteCount) = try decoder.next(buffer.span.bytes) {
                ids.append(header.requestID)
                buffer.removeFirst(byteCount)
            }
        }
        return ids
    }

    @Test func `frames come out whole at every byte split`() throws {
        let (bytes, ids) = try Self.stream()
        for split in 0...bytes.count {
            #expect(try Self.ids(of: [bytes[..<split], bytes[split...]]) == ids)
        }
        #expect(try Self.ids(of: bytes.indices.map { bytes[$0...$0] }) == ids)
    }

    @Test func `it says how many bytes it needs`() throws {
        let frame = try Codec.frame(.ping(token: 3), FrameOptions(requestID: 1))
        for count in 0..<frame.count {
            var decoder = FrameDecoder()
            let step = try decoder.next(Array(frame[..<count]).span.bytes)
            #expect(step == .needs(byteCount: count < 32 ? 32 : frame.count))
        }
    }

    @Test func `every flipped bit ends the connection`() throws {
        let frame = try Codec.frame(.ping(token: 3), FrameOptions(requestID: 1))
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            var decoder = FrameDecoder()
            #expect(throws: WireError.self, "bit \(bit)") {
                try decoder.next(damaged.span.bytes)
            }
        }
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "\u{16}\u{03}\u{01}", "PLT2", "P0", "x"])
    func `bytes that are not ours are refused at once`(text: String) throws {
        var decoder = FrameDecoder()
        #expect {
            try decoder.next(Array(text.utf8).span.bytes)
        } throws: { error in
            if case WireError.badMagic = error { true } else { false }
        }
    }

    @Test func `a body above the limit is refused from its header alone`() throws {
        let frame = try Codec.frame(
            .delete(handle: 1, ids: Array(0..<600)),
            FrameOptions(requestID: 1)
        )
        var decoder = FrameDecoder(bodyBytesMax: FrameHeader.bodyBytesBeforeHello)
        #expect(throws: WireError.frameTooLarge(got: 4_808, expected: 4_096)) {
            try decoder.next(Array(frame[..<32]).span.bytes)
        }
    }

    @Test func `a lying length does not get past the header's checksum`() throws {
        var frame = try Codec.frame(.ping(token: 3), FrameOptions(requestID: 1))
        frame.put(UInt32.max, at: 8)
        var decoder = FrameDecoder()
        #expect {
            try decoder.next(frame.span.bytes)
        } throws: { error in
            if case WireError.headerChecksum = error { true } else { false }
        }
    }
}

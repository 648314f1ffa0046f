import PalateChecksum
import TestKit
import Testing

/// CRC-32C bit by bit: the oracle.
private func bitwise(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
    var crc = ~seed
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82f6_3b78 : 0) }
    }
    return ~crc
}

private let methods = ChecksumMethod.allCases.filter(\.isAvailable)

@Suite struct ChecksumTests {
    @Test(arguments: [
        ("", 0 as UInt32),
        ("a", 0xc1d0_4330),
        ("123456789", 0xe306_9283),
        ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
    ])
    func `matches the published vectors`(text: String, expected: UInt32) {
        let bytes = Array(text.utf8)
        #expect(crc32c(bytes.span.bytes) == expected)
        for method in methods { #expect(crc32c(bytes.span.bytes, by: method) == expected) }
    }

    @Test(arguments: [
        [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xff, count: 32), Array(0..<32),
    ])
    func `matches the vectors of RFC 3720`(bytes: [UInt8]) {
        let expected: [UInt8: UInt32] = [0: 0x8a91_36aa, 0xff: 0x62a8_ab43, 1: 0x46dd_794e]
        #expect(crc32c(bytes.span.bytes) == expected[bytes[1]])
    }

    /// Around the borders of the inner loops: 8 bytes, 64, 256, 3 x 256 and 3 x 4096.
    @Test(arguments: [
        0, 1, 7, 8, 9, 63, 64, 255, 256, 257, 319, 320, 511, 512, 575, 767, 768, 769, 1_536,
        12_287, 12_288, 12_289, 13_063, 40_000,
    ])
    func `equals the bitwise oracle at every alignment`(count: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let bytes = (0..<count + 8).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let seed = UInt32.random(in: 0...UInt32.max, using: &generator)
        for start in [0, 1, 5, 8] {
            let range = start..<start + count
            let expected = bitwise(Array(bytes[range]), seed: seed)
            let part = bytes.span.extracting(range).bytes
            #expect(crc32c(part, seed: seed) == expected)
            for method in methods {
                #expect(crc32c(part, seed: seed, by: method) == expected, "\(method)")
            }
        }
    }

    @Test func `continues over any split`() {
        var generator = SeededGenerator(seed: testSeed())
        let bytes = (0..<14_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let whole = crc32c(bytes.span.bytes)
        for split in [0, 1, 13, 768, 5_000, 12_288, 13_999, 14_000] {
            let head = crc32c(bytes.span.extracting(0..<split).bytes)
            #expect(crc32c(bytes.span.extracting(split..<14_000).bytes, seed: head) == whole)
        }
    }

    @Test func `sees every flipped bit`() {
        var bytes = [UInt8](repeating: 0x5a, count: 800)
        let whole = crc32c(bytes.span.bytes)
        for bit in 0..<bytes.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(crc32c(bytes.span.bytes) != whole)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }
}

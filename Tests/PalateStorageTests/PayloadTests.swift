import PalateStorage
import TestKit
import Testing

private let sizes = [0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 768, 4_096, 65_792, 300_000]

/// Payloads as a shop would store them, about 200 bytes each.
private func shopPayloads(_ count: Int, seed: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    let kinds = ["chair", "lamp", "vase", "sofa", "rug", "mirror", "shelf"]
    let styles = ["mid-century", "rustic", "industrial", "japandi", "bauhaus"]
    func pick(_ words: [String]) -> String {
        words[Int.random(in: 0..<words.count, using: &generator)]
    }
    return (0..<count).map { number in
        let id = UInt32.random(in: 0...(.max), using: &generator)
        let text = """
            {"id":"\(id)","title":"\(pick(styles)) \(pick(kinds)) no. \(number)",\
            "price":{"amount":\(id % 90_000),"currency":"EUR"},"board":"\(pick(styles)) ideas",\
            "image":"/images/\(id % 256)/\(id).jpg","available":\(id % 3 != 0),\
            "tags":["\(pick(kinds))"]}
            """
        return Array(text.utf8)
    }
}

@Suite struct PayloadTests {
    @Test(arguments: sizes)
    func `returns content of every size, at every level`(byteCount: Int) throws {
        let decompressor = try PayloadDecompressor()
        for level in [1, 3, 9, 19] {
            let compressor = try PayloadCompressor(level: level)
            let flat = [UInt8](repeating: 7, count: byteCount)
            for content in [noise(byteCount, seed: 5), flat] {
                let frame = try compressor.compress(content)
                #expect(try decompressor.decompress(frame, limit: byteCount) == content)
                #expect(try PayloadFrame(frame.span.bytes).contentSize == UInt64(byteCount))
                #expect(try PayloadFrame(frame.span.bytes).dictionaryID == 0)
            }
        }
        var appended: [UInt8] = [1, 2, 3]
        let content = noise(byteCount, seed: 6)
        try PayloadCompressor().compress(content.span.bytes, appendingTo: &appended)
        #expect(appended.prefix(3) == [1, 2, 3])
        let frame = Array(appended.dropFirst(3))
        #expect(try decompressor.decompress(frame, limit: byteCount) == content)
    }

    @Test func `halves small payloads again with a trained dictionary`() throws {
        let samples = shopPayloads(2_000, seed: 1)
        let dictionary = try #require(
            try PayloadDictionary.train(samples: samples, capacity: 16 << 10)
        )
        let id = try #require(PayloadDictionary.id(of: dictionary))
        let fresh = shopPayloads(200, seed: 2)
        let plain = try PayloadCompressor()
        let trained = try PayloadCompressor(dictionary: dictionary)
        let decompressor = try PayloadDecompressor(dictionaries: [dictionary])
        var plainBytes = 0
        var trainedBytes = 0
        for payload in fresh {
            plainBytes += try plain.compress(payload).count
            let frame = try trained.compress(payload)
            trainedBytes += frame.count
            #expect(try PayloadFrame(frame.span.bytes).dictionaryID == id)
            #expect(try decompressor.decompress(frame, limit: 1 << 10) == payload)
        }
        #expect(2 * trainedBytes < plainBytes, "\(trainedBytes) of \(plainBytes)")
    }

    @Test func `does not train on too little`() throws {
        #expect(try PayloadDictionary.train(samples: []) == nil)
        #expect(try PayloadDictionary.train(samples: shopPayloads(5, seed: 1)) == nil)
        let empty = [[UInt8]](repeating: [], count: 100)
        #expect(try PayloadDictionary.train(samples: empty) == nil)
        let samples = shopPayloads(500, seed: 1)
        #expect(try PayloadDictionary.train(samples: samples, capacity: 10) == nil)
    }

    @Test func `refuses what is not a dictionary or a level`() throws {
        for bytes in [[], [1, 2, 3], noise(5_000, seed: 1)] {
            #expect(PayloadDictionary.id(of: bytes) == nil)
            #expect(throws: StorageError.invalidDictionary) {
                try PayloadCompressor(dictionary: bytes)
            }
            #expect(throws: StorageError.invalidDictionary) {
                try PayloadDecompressor(dictionaries: [bytes])
            }
        }
        for level in [0, 20, -1] {
            #expect(throws: StorageError.compressionLevel(got: level, expected: 1...19)) {
                try PayloadCompressor(level: level)
            }
        }
        let dictionary = try #require(
            try PayloadDictionary.train(samples: shopPayloads(2_000, seed: 1), capacity: 8 << 10)
        )
        // The header alone is not enough: the tables behind it are read when it is loaded.
        let cut = Array(dictionary.prefix(12))
        #expect(throws: StorageError.invalidDictionary) { try PayloadCompressor(dictionary: cut) }
        #expect(throws: StorageError.invalidDictionary) {
            try PayloadDecompressor(dictionaries: [cut])
        }
    }

    @Test func `tells a missing dictionary from a wrong one`() throws {
        let first = try #require(
            try PayloadDictionary.train(samples: shopPayloads(2_000, seed: 1), capacity: 8 << 10)
        )
        let second = try #require(
            try PayloadDictionary.train(samples: shopPayloads(2_000, seed: 7), capacity: 8 << 10)
        )
        let id = try #require(PayloadDictionary.id(of: first))
        let payload = shopPayloads(1, seed: 3)[0]
        let frame = try PayloadCompressor(dictionary: first).compress(payload)
        for known in [[], [second]] {
            let decompressor = try PayloadDecompressor(dictionaries: known)
            #expect(throws: StorageError.unknownDictionary(id: id)) {
                try decompressor.decompress(frame, limit: 1 << 10)
            }
            try decompressor.add(first)
            #expect(try decompressor.decompress(frame, limit: 1 << 10) == payload)
        }
        // The other dictionary under this one's id: the checksum of the content notices.
        var impostor = second
        impostor.replaceSubrange(4..<8, with: first[4..<8])
        let decompressor = try PayloadDecompressor(dictionaries: [impostor])
        let error = #expect(throws: StorageError.self) {
            try decompressor.decompress(frame, limit: 1 << 10)
        }
        guard case .frameDamaged = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }
}

@Suite struct DamagedFrameTests {
    @Test func `refuses every truncation and all surplus`() throws {
        let decompressor = try PayloadDecompressor()
        for content in [shopPayloads(1, seed: 4)[0], noise(2_000, seed: 8)] {
            let frame = try PayloadCompressor().compress(content)
            for length in 0..<frame.count {
                #expect(throws: StorageError.self) {
                    try decompressor.decompress(Array(frame.prefix(length)), limit: 1 << 20)
                }
            }
            #expect(throws: StorageError.frameDamaged(reason: "1 bytes after the frame")) {
                try decompressor.decompress(frame + [0], limit: 1 << 20)
            }
            #expect(throws: StorageError.self) {
                try decompressor.decompress(frame + frame, limit: 1 << 20)
            }
            #expect(try decompressor.decompress(frame, limit: 1 << 20) == content)
        }
    }

    @Test func `never returns other content for a flipped bit`() throws {
        let dictionary = try #require(
            try PayloadDictionary.train(samples: shopPayloads(2_000, seed: 1), capacity: 8 << 10)
        )
        let decompressor = try PayloadDecompressor(dictionaries: [dictionary])
        let content = shopPayloads(1, seed: 5)[0]
        for compressor in [try PayloadCompressor(), try PayloadCompressor(dictionary: dictionary)] {
            let frame = try compressor.compress(content)
            var refused = 0
            for bit in 0..<8 * frame.count {
                var damaged = frame
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    let found = try decompressor.decompress(damaged, limit: 1 << 20)
                    #expect(found == content, "bit \(bit)")
                } catch {
                    refused += 1
                }
            }
            // A few bits of the frame header change nothing that matters: the window, a spare one.
            #expect(refused >= 8 * frame.count - 32)
        }
    }

    @Test func `allocates nothing for a claim above the limit`() throws {
        let decompressor = try PayloadDecompressor()
        let frame = try PayloadCompressor().compress([UInt8](repeating: 0, count: 5_000_000))
        #expect(frame.count < 1_000)
        #expect(throws: StorageError.frameTooLarge(got: 5_000_000, expected: 4_999_999)) {
            try decompressor.decompress(frame, limit: 4_999_999)
        }
        #expect(throws: StorageError.frameTooLarge(got: 5_000_000, expected: -1)) {
            try decompressor.decompress(frame, limit: -1)
        }
        // A hand-made frame: single segment, eight-byte size of 2^62, one empty raw block.
        let size = [UInt8](repeating: 0, count: 7) + [0x40]
        let bomb = [0x28, 0xb5, 0x2f, 0xfd, 0xe0] + size + [0x01, 0, 0]
        #expect(throws: StorageError.frameTooLarge(got: 1 << 62, expected: 1 << 30)) {
            try decompressor.decompress(bomb, limit: 1 << 30)
        }
        // A frame that claims 100 bytes and holds none.
        let liar: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 100, 0x01, 0, 0]
        let error = #expect(throws: StorageError.self) {
            try decompressor.decompress(liar, limit: 1 << 10)
        }
        guard case .frameDamaged = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }

    @Test func `refuses frames without a size, skippable frames and garbage`() throws {
        let decompressor = try PayloadDecompressor()
        // Window descriptor, no content size, one empty raw block: what streaming encoders write.
        let stream: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x01, 0, 0]
        #expect(throws: StorageError.frameWithoutSize) {
            try decompressor.decompress(stream, limit: 1 << 10)
        }
        let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]
        #expect(throws: StorageError.frameDamaged(reason: "not a zstd frame")) {
            try decompressor.decompress(skippable, limit: 1 << 10)
        }
        var generator = SeededGenerator(seed: testSeed())
        for _ in 0..<2_000 {
            let count = Int.random(in: 0..<64, using: &generator)
            let garbage = [0x28, 0xb5, 0x2f, 0xfd] + noise(count, seed: generator.next())
            _ = try? decompressor.decompress(garbage, limit: 1 << 16)
        }
        let content = noise(100, seed: 1)
        let frame = try PayloadCompressor().compress(content)
        #expect(try decompressor.decompress(frame, limit: 100) == content)
    }
}

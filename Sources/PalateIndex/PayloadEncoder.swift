import PalateModel
import PalateStorage

/// Compresses payloads, and trains the collection's dictionary from its first ones.
///
/// A value, so that a failed transaction forgets what it learned.
struct PayloadEncoder {
    /// Payload bytes to see before training; zstd advises 100 times the dictionary's size, and pays
    /// from a tenth of that.
    static let sampleBytes = 128 << 10
    /// Bytes of a trained dictionary.
    static let dictionaryBytes = 16 << 10

    private var compressor: PayloadCompressor
    private var samples: [[UInt8]] = []
    private var sampledBytes = 0
    private var isTrained: Bool

    /// Uses `dictionary` where the collection has one.
    init(dictionary: [UInt8]?) throws(IndexError) {
        isTrained = dictionary != nil
        do {
            compressor = try PayloadCompressor(dictionary: dictionary)
        } catch {
            throw .storage(error)
        }
    }

    /// Collects samples while there is no dictionary.
    ///
    /// - Returns: the dictionary, once, when there was enough to train it on.
    mutating func learn(
        from payloads: [[UInt8]]
    ) throws(IndexError) -> (id: UInt32, bytes: [UInt8])? {
        guard !isTrained else { return nil }
        for payload in payloads where !payload.isEmpty {
            samples.append(payload)
            sampledBytes += payload.count
            if sampledBytes >= 8 * Self.sampleBytes { break }
        }
        guard sampledBytes >= Self.sampleBytes else { return nil }
        isTrained = true
        defer { samples = [] }
        do {
            guard
                let dictionary = try PayloadDictionary.train(
                    samples: samples,
                    capacity: Self.dictionaryBytes
                )
            else { return nil }
            compressor = try PayloadCompressor(dictionary: dictionary)
            return PayloadDictionary.id(of: dictionary).map { ($0, dictionary) }
        } catch {
            throw .storage(error)
        }
    }

    /// One zstd frame.
    func encode(_ payload: [UInt8]) throws(IndexError) -> [UInt8] {
        do {
            return try compressor.compress(payload.span.rawBytes)
        } catch {
            throw .storage(error)
        }
    }
}

import PalateIndex
import PalateModel
import PalateWire

// GET: few ids on the event loop, more on the workers.
extension RequestService {
    /// Ids up to which GET runs on the event loop: some 5 us each when their pages are cached.
    private static let inlineGetItems = 64
    /// Ids that GET reads between looks at how large its answer has become.
    private static let getChunk = 64

    /// Answers GET, now or later.
    func get(
        _ get: GetRequest,
        _ call: Call,
        _ completion: () -> Completion
    ) throws(RequestError) -> Response? {
        let collection = try directory.collection(handle: get.handle)
        let bytesMax = call.answerBytesMax
        let run: @Sendable () throws(RequestError) -> Response = { () throws(RequestError) in
            .items(try Self.items(get, in: collection, bytesMax: bytesMax))
        }
        guard get.ids.count > Self.inlineGetItems else { return try run() }
        return try onWorker(call, completion(), run)
    }

    /// Reads items until all are there, or until they are more than a frame holds: a million ids
    /// may ask for more than there is memory.
    private static func items(
        _ get: GetRequest,
        in collection: Collection,
        bytesMax: Int
    ) throws(RequestError) -> GetResponse {
        var items = GetResponse()
        var payloadBytes = 0
        var begin = 0
        repeat {
            let end = min(begin + getChunk, get.ids.count)
            let chunk: GetResponse
            do throws(IndexError) {
                chunk = try collection.get(
                    Array(get.ids[begin..<end]),
                    wantsVectors: get.wantsVectors
                )
            } catch {
                throw RequestError(error)
            }
            items.append(chunk)
            payloadBytes += chunk.payloads.reduce(0) { $0 + $1.count }
            let bytes = payloadBytes + items.vectors.count * MemoryLayout<Float>.stride
            guard bytes <= bytesMax else { throw .answerTooLarge(got: bytes, expected: bytesMax) }
            begin = end
        } while begin < get.ids.count
        return items
    }
}

extension GetResponse {
    /// Appends the items of another answer.
    fileprivate mutating func append(_ other: GetResponse) {
        found += other.found
        versions += other.versions
        payloads += other.payloads
        vectors += other.vectors
    }
}

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
        let run: @Sendable () throws(RequestError) -> Response = {
            [self] () throws(RequestError) in
            .items(try items(get, in: collection, call))
        }
        guard get.ids.count > Self.inlineGetItems else { return try run() }
        return try onWorker(call, completion(), run)
    }

    /// Reads items until all are there, or until they are more than a frame holds: a million ids
    /// may ask for more than there is memory.
    private func items(
        _ get: GetRequest,
        in collection: Collection,
        _ call: Call
    ) throws(RequestError) -> GetResponse {
        let bytesMax = call.answerBytesMax
        var items = GetResponse()
        var payloadBytes = 0
        var begin = 0
        repeat {
            let end = min(begin + Self.getChunk, get.ids.count)
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
            if begin < get.ids.count { try checkDeadline(of: call) }
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

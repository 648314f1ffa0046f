import PalateModel
import PalateWire

/// What comes over the wire.
enum WireTargets {
    private static let version = V1()
    private static let dimensions = 4
    private static let bodyBytesMax = 1 << 16

    /// A stream of frames: found alike whether all is there at once, or it comes in pieces as long
    /// as the first byte says.
    static func frame(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        let stream = Array(bytes.dropFirst())
        let whole = headers(in: stream, pieces: stream.count)
        let pieced = headers(in: stream, pieces: Int(first) + 1)
        precondition(whole == pieced, "frames depend on how the bytes came")
        return !whole.isEmpty
    }

    private static func headers(in stream: [UInt8], pieces: Int) -> [FrameHeader] {
        var decoder = FrameDecoder(bodyBytesMax: bodyBytesMax)
        var headers: [FrameHeader] = []
        var (consumed, received) = (0, 0)
        while received < stream.count {
            received = min(stream.count, received + max(pieces, 1))
            while consumed < received {
                let available = stream.span.bytes.extracting(consumed..<received)
                guard let step = try? decoder.next(available) else { return headers }
                guard case .frame(let header, let byteCount) = step else { break }
                precondition(byteCount <= available.byteCount, "a frame longer than what is there")
                headers.append(header)
                consumed += byteCount
            }
        }
        return headers
    }

    /// Opcode, its version, flags as they stand in a header, then the body of a request.
    static func request(_ bytes: [UInt8]) -> Bool {
        guard let (header, body) = split(bytes),
            let request = try? version.decodeRequest(
                header,
                body.span.bytes,
                dimensionsOf: { _ in dimensions }
            )
        else { return false }
        let written = frame { try version.encode(request, FrameOptions(requestID: 1), into: &$0) }
        guard let written, let (header, body) = whole(written) else { return true }
        let again = try? version.decodeRequest(
            header,
            body.span.bytes,
            dimensionsOf: { _ in dimensions }
        )
        guard let again else { preconditionFailure("a request that was written is refused") }
        let rewritten = frame { try version.encode(again, FrameOptions(requestID: 1), into: &$0) }
        precondition(rewritten == written, "a request changed on its way")
        return true
    }

    /// As `request`, of a response.
    static func response(_ bytes: [UInt8]) -> Bool {
        guard let (header, body) = split(bytes),
            let response = try? version.decodeResponse(header, body.span.bytes)
        else { return false }
        let written = frame { try version.encode(response, FrameOptions(requestID: 1), into: &$0) }
        guard let written, let (header, body) = whole(written) else { return true }
        guard let again = try? version.decodeResponse(header, body.span.bytes) else {
            preconditionFailure("a response that was written is refused")
        }
        let rewritten = frame { try version.encode(again, FrameOptions(requestID: 1), into: &$0) }
        precondition(rewritten == written, "a response changed on its way")
        return true
    }

    /// A filter's nodes alone.
    static func filter(_ bytes: [UInt8]) -> Bool {
        guard let filter = decodedFilter(bytes) else { return false }
        var writer = FrameWriter()
        version.encodeFilter(filter, &writer)
        precondition(decodedFilter(writer.bytes) == filter, "a filter changed on its way")
        return true
    }

    private static func decodedFilter(_ bytes: [UInt8]) -> Filter? {
        var reader = BodyReader(bytes.span.bytes)
        guard let filter = try? version.decodeFilter(&reader), (try? reader.finish()) != nil else {
            return nil
        }
        return filter
    }

    private static func split(_ bytes: [UInt8]) -> (FrameHeader, [UInt8])? {
        guard bytes.count >= 4 else { return nil }
        let flags = FrameFlags(rawValue: UInt16(bytes[2]) | UInt16(bytes[3]) << 8)
        var header = FrameHeader(opcode: bytes[0], flags: flags, requestID: 1, microseconds: 0)
        header.opcodeVersion = bytes[1]
        header.bodyLength = UInt32(bytes.count - 4)
        return (header, Array(bytes[4...]))
    }

    private static func frame(_ write: (inout FrameWriter) throws -> Void) -> [UInt8]? {
        var writer = FrameWriter()
        // What is understood need not be what a sender may say: limits of both differ.
        return (try? write(&writer)).map { writer.bytes }
    }

    private static func whole(_ frame: [UInt8]) -> (FrameHeader, [UInt8])? {
        var decoder = FrameDecoder(bodyBytesMax: Limits.frameBytesMax)
        guard case .frame(let header, _) = try? decoder.next(frame.span.bytes) else {
            preconditionFailure("a frame that was written is none")
        }
        return (header, Array(frame[FrameHeader.byteCount...]))
    }
}

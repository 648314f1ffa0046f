import PalateModel
import PalateWire

/// The codec as the tests use it: whole frames in and out.
enum Codec {
    static let version = V1()

    static func frame(_ request: Request, _ options: FrameOptions) throws -> [UInt8] {
        var writer = FrameWriter()
        try version.encode(request, options, into: &writer)
        return writer.bytes
    }

    static func frame(_ response: Response, _ options: FrameOptions) throws -> [UInt8] {
        var writer = FrameWriter()
        try version.encode(response, options, into: &writer)
        return writer.bytes
    }

    /// Splits one whole frame, checking magic and checksums on the way.
    static func split(_ frame: [UInt8]) throws -> (header: FrameHeader, body: [UInt8]) {
        var decoder = FrameDecoder(bodyBytesMax: Limits.frameBytesMax)
        guard case .frame(let header, let byteCount) = try decoder.next(frame.span.bytes),
            byteCount == frame.count
        else { throw Incomplete() }
        return (header, Array(frame[FrameHeader.byteCount...]))
    }

    struct Incomplete: Error {}

    static func request(_ header: FrameHeader, _ body: [UInt8]) throws(RequestError) -> Request {
        try version.decodeRequest(header, body.span.bytes) { _ in RandomMessages.dimensions }
    }

    static func response(_ header: FrameHeader, _ body: [UInt8]) throws(RequestError) -> Response {
        try version.decodeResponse(header, body.span.bytes)
    }

    static func request(_ frame: [UInt8]) throws -> Request {
        let (header, body) = try split(frame)
        return try request(header, body)
    }

    static func response(_ frame: [UInt8]) throws -> Response {
        let (header, body) = try split(frame)
        return try response(header, body)
    }

    /// The refusal of a request whose body was changed after encoding.
    static func refusal(
        of request: Request,
        changing change: (inout [UInt8]) -> Void
    ) throws -> RequestError? {
        var (header, body) = try split(frame(request, FrameOptions(requestID: 1)))
        change(&body)
        header.bodyLength = UInt32(body.count)
        do throws(RequestError) {
            _ = try self.request(header, body)
            return nil
        } catch {
            return error
        }
    }
}

extension [UInt8] {
    /// Overwrites little-endian bytes.
    mutating func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        for index in 0..<MemoryLayout<Value>.size {
            self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}

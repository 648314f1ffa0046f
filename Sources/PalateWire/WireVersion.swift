package import PalateModel

// PalateWire: bytes to requests and responses to bytes. Pure functions, no sockets; PROTOCOL.md has
// the byte tables.
//
// | file              | what it holds                                                      |
// |-------------------|--------------------------------------------------------------------|
// | WireVersion       | the contract of a protocol version, and the registry: start here   |
// | Versions/V1*      | version 1, a file per facet                                        |
// | Frame             | the 32-byte header, checked before it is believed                  |
// | FrameDecoder      | a byte stream to frames: the state machine a transport feeds       |
// | Handshake         | HELLO, its answer, and the negotiation between them                |
// | Opcode            | the registry of opcodes                                            |
// | Request, Response | the enums over the nouns of PalateModel                            |
// | ElementType       | vectors in any element type to checked floats                      |
// | StatusCode        | the one table from errors to codes; Messages has their sentences   |
// | WireError         | what ends a connection                                             |
// | BodyReader        | checked reads, and the limits                                      |
// | FrameWriter       | appends                                                            |
// | RawBytes          | the only `unsafe` of the target, and the checksum of loaded ids    |

/// How to write one frame.
package struct FrameOptions: Equatable, Sendable {
    /// The client's number for the request.
    package var requestID: UInt32
    /// In a request the time budget, in a response the time taken.
    package var microseconds: UInt32
    /// Whether the header carries the body's CRC32C; a LOAD_DATA always does.
    package var bodyChecksum: Bool
    /// The largest body of this connection.
    package var bodyBytesMax: Int

    /// The usual: a checksum, and the default frame.
    package init(
        requestID: UInt32,
        microseconds: UInt32 = 0,
        bodyChecksum: Bool = true,
        bodyBytesMax: Int = Limits.frameBytes
    ) {
        self.requestID = requestID
        self.microseconds = microseconds
        self.bodyChecksum = bodyChecksum
        self.bodyBytesMax = bodyBytesMax
    }
}

/// One version of the protocol: a file of its own, and a row in `WireVersions.all`.
///
/// Encoding appends a whole frame, header included; on failure the writer is left as it was.
/// Decoding takes a header that `FrameDecoder` accepted and the bytes of its body.
package protocol WireVersion: Sendable {
    /// What HELLO negotiates.
    var number: UInt16 { get }

    /// Bytes to a request whose limits hold.
    ///
    /// - Parameters:
    ///   - header: a header whose checksums hold.
    ///   - body: its body, all of it.
    ///   - dimensionsOf: the dimensions of an open collection, nil for an unknown handle.
    /// - Returns: the request.
    /// - Throws: what is wrong, in the caller's terms; the connection can go on.
    func decodeRequest(
        _ header: FrameHeader,
        _ body: RawSpan,
        dimensionsOf: (_ handle: UInt32) -> Int?
    ) throws(RequestError) -> Request

    /// Appends a request's frame; throws `outOfRange` where the body passes the limit.
    func encode(
        _ request: Request,
        _ options: FrameOptions,
        into writer: inout FrameWriter
    ) throws(RequestError)

    /// Bytes to a response.
    func decodeResponse(_ header: FrameHeader, _ body: RawSpan) throws(RequestError) -> Response

    /// Appends a response's frame; throws `answerTooLarge` where the body passes the limit.
    func encode(
        _ response: Response,
        _ options: FrameOptions,
        into writer: inout FrameWriter
    ) throws(RequestError)
}

/// The registry of protocol versions.
package enum WireVersions {
    /// Oldest first.
    package static let all: [any WireVersion] = [V1()]

    /// From the oldest to the newest.
    package static let supported: ClosedRange<UInt16> = 1...1

    /// The version that HELLO itself is written in, before there is an agreement.
    package static var handshake: any WireVersion { V1() }

    /// The newest version in `range`; nil where there is none.
    package static func newestCommon(with range: ClosedRange<UInt16>) -> (any WireVersion)? {
        all.last { range.contains($0.number) }
    }
}

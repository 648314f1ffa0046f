import NIOCore
import PalateModel
import PalateWire

/// Answers on their way out: frames gathered until one write takes them all.
struct FrameOutbox {
    /// Memory kept between writes; what a large answer needed beyond is given back.
    private static let keptBytes = 1 << 20

    private var writer = FrameWriter()

    /// What HELLO agreed on.
    var version: any WireVersion = WireVersions.handshake
    /// The largest body this connection takes.
    var bodyBytesMax = Limits.frameBytes

    /// Bytes gathered.
    var byteCount: Int { writer.count }

    /// Adds the answer to a request; one that passes the connection's limit becomes a failure.
    ///
    /// - Parameters:
    ///   - response: what to say.
    ///   - request: the header of what is answered; its BODY_CRC is echoed.
    ///   - microseconds: how long the request was here.
    mutating func append(_ response: Response, to request: FrameHeader, microseconds: UInt32) {
        let options = FrameOptions(
            requestID: request.requestID,
            microseconds: microseconds,
            bodyChecksum: request.flags.contains(.bodyChecksum),
            bodyBytesMax: bodyBytesMax
        )
        do throws(RequestError) {
            try version.encode(response, options, into: &writer)
        } catch {
            // A report has at most 1,040 bytes, and no connection's limit is below 4,096.
            let report = Response.failure(opcode: request.opcode, ErrorReport(error))
            try? version.encode(report, options, into: &writer)
        }
    }

    /// Adds what concerns the connection itself: ERROR or GOAWAY, always with a checksum.
    mutating func append(aboutConnection response: Response) {
        let options = FrameOptions(requestID: 0, bodyBytesMax: bodyBytesMax)
        try? version.encode(response, options, into: &writer)
    }

    /// Takes everything gathered.
    mutating func take(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        let buffer = allocator.buffer(bytes: writer.bytes)
        // Not by its count: an answer that was refused as too large has had its room too.
        if writer.capacity > Self.keptBytes {
            writer = FrameWriter()
        } else {
            writer.removeAll()
        }
        return buffer
    }
}

import PalateChecksum
package import PalateModel

/// Bits of a frame header.
package struct FrameFlags: OptionSet, Equatable, Sendable {
    /// The wire's bits.
    package var rawValue: UInt16

    /// From the wire's bits.
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// From the server.
    package static let response = FrameFlags(rawValue: 1 << 0)
    /// The request failed; the body is an error report.
    package static let error = FrameFlags(rawValue: 1 << 1)
    /// The body is a zstd frame; version 1 refuses it.
    package static let zstd = FrameFlags(rawValue: 1 << 2)
    /// The header carries the body's CRC32C.
    package static let bodyChecksum = FrameFlags(rawValue: 1 << 3)
    /// The deadline stopped the search early; the answer holds what was found.
    package static let degraded = FrameFlags(rawValue: 1 << 5)

    /// What a request may carry in version 1.
    package static let allowedInRequests: FrameFlags = [.bodyChecksum]
    /// What a response may carry in version 1.
    package static let allowedInResponses: FrameFlags = [
        .response, .error, .bodyChecksum, .degraded,
    ]
}

/// The 32 bytes before every body.
package struct FrameHeader: Equatable, Sendable {
    /// Bytes of an encoded header.
    package static let byteCount = 32
    /// `PLT1`, read as a little-endian integer.
    package static let magic: UInt32 = 0x3154_4C50
    /// The largest body before HELLO has been answered.
    package static let bodyBytesBeforeHello = 4_096
    /// Where the body's length stands.
    static let bodyLengthOffset = 8
    /// Where the body's CRC32C stands.
    static let bodyChecksumOffset = 20
    /// Where the header's own CRC32C stands: it covers what is before it.
    static let headerChecksumOffset = 28

    /// An `Opcode`, or a number this version does not know.
    package var opcode: UInt8
    /// The version of the opcode's body.
    package var opcodeVersion: UInt8
    /// See `FrameFlags`.
    package var flags: FrameFlags
    /// Bytes of the body.
    package var bodyLength: UInt32
    /// The client's number for the request; 0 = the connection itself.
    package var requestID: UInt32
    /// In a request the time budget (0 = the server's default), in a response the time taken.
    package var microseconds: UInt32
    /// CRC32C of the body where `flags` has `bodyChecksum`, else 0.
    package var bodyChecksum: UInt32
    /// 0: compressed bodies are refused in version 1.
    package var uncompressedLength: UInt32

    /// A header for a body that is not written yet.
    package init(
        opcode: UInt8,
        flags: FrameFlags,
        requestID: UInt32,
        microseconds: UInt32
    ) {
        self.opcode = opcode
        self.opcodeVersion = Opcode(rawValue: opcode)?.bodyVersion ?? 1
        self.flags = flags
        self.bodyLength = 0
        self.requestID = requestID
        self.microseconds = microseconds
        self.bodyChecksum = 0
        self.uncompressedLength = 0
    }

    /// Reads a header; the length is not believed unless the header's checksum holds.
    ///
    /// - Parameter bytes: at least 32 bytes.
    /// - Throws: `badMagic` or `headerChecksum`.
    package init(decoding bytes: RawSpan) throws(WireError) {
        precondition(bytes.byteCount >= Self.byteCount, "a header has 32 bytes")
        let magic = bytes.load(UInt32.self, at: 0)
        guard magic == Self.magic else { throw .badMagic(got: magic) }
        let got = bytes.load(UInt32.self, at: Self.headerChecksumOffset)
        let expected = crc32c(bytes.extracting(0..<Self.headerChecksumOffset))
        guard got == expected else { throw .headerChecksum(got: got, expected: expected) }
        opcode = bytes.load(UInt8.self, at: 4)
        opcodeVersion = bytes.load(UInt8.self, at: 5)
        flags = FrameFlags(rawValue: bytes.load(UInt16.self, at: 6))
        bodyLength = bytes.load(UInt32.self, at: Self.bodyLengthOffset)
        requestID = bytes.load(UInt32.self, at: 12)
        microseconds = bytes.load(UInt32.self, at: 16)
        bodyChecksum = bytes.load(UInt32.self, at: Self.bodyChecksumOffset)
        uncompressedLength = bytes.load(UInt32.self, at: 24)
    }

    /// Appends the 32 bytes, with the header's checksum over the fields as they stand.
    package func encode(into writer: inout FrameWriter) {
        let start = writer.count
        writer.write(Self.magic)
        writer.write(opcode)
        writer.write(opcodeVersion)
        writer.write(flags.rawValue)
        writer.write(bodyLength)
        writer.write(requestID)
        writer.write(microseconds)
        writer.write(bodyChecksum)
        writer.write(uncompressedLength)
        let end = start + Self.headerChecksumOffset
        writer.write(writer.checksum(of: start..<end))
    }

    /// Refuses what no frame of version 1 may carry, before its body is looked at.
    ///
    /// - Parameter allowed: the flags that this direction knows.
    /// - Throws: `unsupported`, or `malformed` where fields contradict each other.
    package func checkSupported(_ allowed: FrameFlags) throws(RequestError) {
        guard let opcode = Opcode(rawValue: opcode) else {
            throw .unsupported(what: "opcode", got: Int(opcode))
        }
        guard opcodeVersion == opcode.bodyVersion else {
            throw .unsupported(what: "opcode version", got: Int(opcodeVersion))
        }
        guard flags.isSubset(of: allowed) else {
            let unknown = flags.subtracting(allowed)
            throw .unsupported(what: "frame flags", got: Int(unknown.rawValue))
        }
        guard uncompressedLength == 0 else {
            throw .unsupported(what: "uncompressed length", got: Int(uncompressedLength))
        }
        guard flags.contains(.bodyChecksum) || bodyChecksum == 0 else {
            throw .malformed(reason: "a body checksum without its flag", offset: 0)
        }
    }
}

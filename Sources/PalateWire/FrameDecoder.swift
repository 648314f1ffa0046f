import PalateChecksum

/// Finds frames in a byte stream; a pure state machine that any transport can feed.
///
/// Give `next` everything received and not consumed. It answers with a whole frame, or with how
/// many bytes there must be before asking again makes sense. The header is checked as soon as it is
/// there, the magic as soon as its first byte is, so that garbage ends a connection at once and
/// nothing waits for a length that was never true. The cost of a stalled frame is one comparison
/// per read: the header is parsed once.
package struct FrameDecoder: Sendable {
    /// What `next` found.
    package enum Step: Equatable, Sendable {
        /// Ask again once this many bytes are there.
        case needs(byteCount: Int)
        /// A frame: its body is bytes 32 ..< byteCount, all of which to consume.
        case frame(FrameHeader, byteCount: Int)
    }

    /// The largest body allowed; HELLO raises it.
    package var bodyBytesMax: Int
    private var pending: FrameHeader?

    /// Starts before a frame.
    package init(bodyBytesMax: Int = FrameHeader.bodyBytesBeforeHello) {
        self.bodyBytesMax = bodyBytesMax
    }

    /// Looks for one frame at the front of `available`.
    ///
    /// - Parameter available: every byte received and not consumed yet.
    /// - Returns: a frame, or how many bytes there must be.
    /// - Throws: what ends the connection.
    package mutating func next(_ available: RawSpan) throws(WireError) -> Step {
        let header: FrameHeader
        if let pending {
            header = pending
        } else {
            guard available.byteCount >= FrameHeader.byteCount else {
                try checkMagicPrefix(available)
                return .needs(byteCount: FrameHeader.byteCount)
            }
            header = try FrameHeader(decoding: available)
            guard header.bodyLength <= bodyBytesMax else {
                throw .frameTooLarge(got: Int(header.bodyLength), expected: bodyBytesMax)
            }
        }
        let byteCount = FrameHeader.byteCount + Int(header.bodyLength)
        guard available.byteCount >= byteCount else {
            pending = header
            return .needs(byteCount: byteCount)
        }
        pending = nil
        if header.flags.contains(.bodyChecksum) {
            let got = crc32c(available.extracting(FrameHeader.byteCount..<byteCount))
            guard got == header.bodyChecksum else {
                throw .bodyChecksum(got: got, expected: header.bodyChecksum)
            }
        }
        return .frame(header, byteCount: byteCount)
    }

    private func checkMagicPrefix(_ available: RawSpan) throws(WireError) {
        var got: UInt32 = 0
        var mask: UInt32 = 0
        for index in 0..<min(available.byteCount, 4) {
            got |= UInt32(available.load(UInt8.self, at: index)) << UInt32(8 * index)
            mask |= 0xFF << UInt32(8 * index)
        }
        guard got == FrameHeader.magic & mask else { throw .badMagic(got: got) }
    }
}

import NIOCore
import PalateModel
import PalateWire

/// The bytes received and not handled yet, and the frame at their front.
///
/// Grows with what has arrived, never with what a header promises, and gives back the memory of
/// handled frames: at most a frame and one read are held. Frames are read where they came to lie;
/// what is copied is one that began in an earlier read, not all that came with its end.
struct FrameInbox {
    /// Begins with the next frame, or as much of it as has come.
    private var front = ByteBuffer()
    /// What came behind that, as it was read.
    private var rest = ByteBuffer()
    private var decoder = FrameDecoder()
    private var frontBytes = 0
    /// Bytes received and handled, since the connection began.
    private var (received, handled) = (0, 0)
    /// What came together, by the last byte's number, and when: of frames that wait for their turn.
    private var arrivals = CircularBuffer<(end: Int, at: ContinuousClock.Instant)>()

    /// When the last byte of the frame came that `nextHeader` gave.
    private(set) var arrival = ContinuousClock.now

    /// Bytes that there must be before the frame begun is whole, as far as is known.
    private(set) var neededBytes = 0

    /// Whether nothing is left, not even a part of a frame.
    var isEmpty: Bool { front.readableBytes == 0 }

    /// Bytes that wait.
    var byteCount: Int { front.readableBytes + rest.readableBytes }

    /// The largest body this connection may send.
    var bodyBytesMax: Int {
        get { decoder.bodyBytesMax }
        set { decoder.bodyBytesMax = newValue }
    }

    /// Takes in what was read, and when it came.
    mutating func append(_ incoming: ByteBuffer, at time: ContinuousClock.Instant) {
        received += incoming.readableBytes
        // A frame is as old as its last byte: those before the part that is missing say nothing.
        while let first = arrivals.first, first.end < handled + neededBytes {
            arrivals.removeFirst()
        }
        arrivals.append((received, time))
        if isEmpty {
            front = incoming
        } else if rest.readableBytes == 0 {
            rest = incoming
        } else {
            Self.move(incoming, behind: &rest)
        }
    }

    private static func move(_ bytes: ByteBuffer, behind buffer: inout ByteBuffer) {
        // Moves fewer bytes than were handled since the last time: linear in all that arrives.
        if buffer.readerIndex > buffer.readableBytes { buffer.discardReadBytes() }
        var bytes = bytes
        buffer.writeBuffer(&bytes)
    }

    /// Moves what a frame of so many bytes lacks to the front; false where no more has come.
    private mutating func complete(_ byteCount: Int) -> Bool {
        let length = min(byteCount - front.readableBytes, rest.readableBytes)
        guard length > 0, let part = rest.readSlice(length: length) else { return false }
        Self.move(part, behind: &front)
        return true
    }

    /// Finds a whole frame at the front; nil when there is none yet.
    mutating func nextHeader() throws(WireError) -> FrameHeader? {
        while true {
            switch try Self.next(in: front, &decoder) {
            case .needs(let byteCount):
                if complete(byteCount) { continue }
                neededBytes = byteCount
                return nil
            case .frame(let header, let byteCount):
                neededBytes = 0
                frontBytes = byteCount
                while let first = arrivals.first, first.end < handled + byteCount {
                    arrivals.removeFirst()
                }
                if let first = arrivals.first { arrival = first.at }
                return header
            }
        }
    }

    /// Apart, so that the decoder may change while the buffer's bytes are borrowed.
    private static func next(
        in buffer: ByteBuffer,
        _ decoder: inout FrameDecoder
    ) throws(WireError) -> FrameDecoder.Step {
        try decoder.next(buffer.readableBytesSpan)
    }

    /// Decodes the frame whose header `nextHeader` gave.
    func decode(
        _ header: FrameHeader,
        _ version: any WireVersion,
        dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> Request {
        let body = front.readableBytesSpan.extracting(FrameHeader.byteCount..<frontBytes)
        return try version.decodeRequest(header, body, dimensionsOf: dimensionsOf)
    }

    /// Drops the frame at the front.
    mutating func consume() {
        front.moveReaderIndex(forwardBy: frontBytes)
        handled += frontBytes
        frontBytes = 0
        guard isEmpty else { return }
        front = rest
        // Letting go of the memory lets the channel read into it again.
        rest = ByteBuffer()
    }
}

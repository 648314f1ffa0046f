/// Why a connection cannot go on: its bytes are not frames, or it broke the handshake.
///
/// Answered with ERROR on request id 0, then the connection closes: a byte stream is never
/// resynchronised. What concerns one request only is a `RequestError`.
package enum WireError: Error, Equatable, Sendable {
    /// The first four bytes are not `PLT1`; `got` holds them little endian, unread ones zero.
    case badMagic(got: UInt32)
    /// The header does not match its CRC32C.
    case headerChecksum(got: UInt32, expected: UInt32)
    /// The body does not match its CRC32C.
    case bodyChecksum(got: UInt32, expected: UInt32)
    /// The body is longer than this connection allows.
    case frameTooLarge(got: Int, expected: Int)
    /// A request came before HELLO.
    case helloExpected(got: UInt8)
    /// A second HELLO.
    case helloRepeated
    /// No common protocol version.
    case versionMismatch(got: ClosedRange<UInt16>, expected: ClosedRange<UInt16>)
    /// The client means another server.
    case wrongServer(got: ServerID, expected: ServerID)
    /// A request with id 0, which means the connection itself.
    case requestIDZero
    /// A request whose id is still in flight.
    case requestIDInUse(got: UInt32)
}

import NIOCore
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// Bytes that no client should send: the connection ends with the reason, and no other notices.
@Suite(.timeLimit(.minutes(5))) struct HostileConnectionTests {
    /// One offence: what is sent before and after HELLO, and what it is called.
    struct Offence: Sendable, CustomTestStringConvertible {
        var status: StatusCode
        var greets = true
        var bytes: @Sendable () throws -> [UInt8]

        var testDescription: String { status.name }
    }

    private static func ping(_ id: UInt32) throws -> [UInt8] {
        try RawConnection.frame(.ping(token: 7), id: id)
    }

    /// A ping with one byte changed.
    private static func ping(flipping offset: Int) throws -> [UInt8] {
        var bytes = try ping(5)
        bytes[offset] ^= 0x10
        return bytes
    }

    private static func hello(_ hello: Hello) throws -> [UInt8] {
        try RawConnection.frame(.hello(hello), id: 1)
    }

    static let offences: [Offence] = [
        Offence(status: .badMagic) { try ping(flipping: 1) },
        Offence(status: .badMagic, greets: false) { Array("GET / HTTP/1.1\r\n\r\n".utf8) },
        Offence(status: .headerChecksum) { try ping(flipping: 13) },
        Offence(status: .bodyChecksum) { try ping(flipping: 35) },
        Offence(status: .frameTooLarge, greets: false) {
            try RawConnection.frame(.open(name: String(repeating: "x", count: 5_000)), id: 1)
        },
        Offence(status: .helloExpected, greets: false) { try ping(5) },
        Offence(status: .helloRepeated) { try hello(Hello(clientName: "again")) },
        Offence(status: .versionMismatch, greets: false) {
            try hello(Hello(clientName: "future", versions: 7...9))
        },
        Offence(status: .wrongServer, greets: false) {
            try hello(Hello(clientName: "lost", expectedServer: ServerID(low: 1, high: 1)))
        },
        Offence(status: .requestIDZero) { try ping(0) },
        Offence(status: .requestIDInUse) {
            // Making a collection runs on a worker: its id is in flight when the next frame comes.
            try RawConnection.frame(.createCollection(Pins(1).schema), id: 5) + ping(5)
        },
    ]

    @Test(arguments: offences)
    func `an offence is named and ends its connection alone`(_ offence: Offence) async throws {
        try await withServer { server in
            var witness = try await RawConnection.greeted(port: server.port)
            var raw =
                offence.greets
                ? try await RawConnection.greeted(port: server.port)
                : try await RawConnection(port: server.port)
            // What follows the offence is not looked at.
            try await raw.send(offence.bytes() + Self.ping(9))
            let answers = await raw.rest()
            #expect(answers.count == 1)
            #expect(answers.first?.status == offence.status)
            #expect(answers.first?.header.requestID == 0)
            #expect(answers.first?.header.opcode == Opcode.error.rawValue)
            #expect(answers.first?.header.flags == [.response, .error, .bodyChecksum])
            try await witness.send(Self.ping(6))
            #expect(await witness.next()?.response == .pong(token: 7))
            await witness.close()
        }
    }

    @Test func `a refused request leaves the connection open`() async throws {
        try await withServer { server in
            var raw = try await RawConnection.greeted(port: server.port)
            var unknown = try Self.ping(3)
            unknown[5] = 9
            unknown.replaceSubrange(28..<32, with: checksum(of: unknown[0..<28]))
            try await raw.send(unknown + Self.ping(4))
            let refused = await raw.next()
            #expect(refused?.status == .unsupported)
            #expect(refused?.header.requestID == 3)
            #expect(refused?.header.opcode == Opcode.ping.rawValue)
            #expect(await raw.next()?.header.requestID == 4)
            await raw.close()
        }
    }

    @Test(arguments: [true, false])
    func `answers carry a checksum where the request did`(_ isAsked: Bool) async throws {
        try await withServer { server in
            var raw = try await RawConnection.greeted(port: server.port)
            for request in [Request.ping(token: 1), .open(name: "nothing")] {
                try await raw.send(RawConnection.frame(request, id: 8, bodyChecksum: isAsked))
                let answer = await raw.next()
                #expect(answer?.header.requestID == 8)
                #expect(answer?.header.flags.contains(.bodyChecksum) == isAsked)
            }
            await raw.close()
        }
    }

    @Test func `a frame that comes a byte at a time is a frame`() async throws {
        try await withServer { server in
            var raw = try await RawConnection.greeted(port: server.port)
            for byte in try Self.ping(5) + Self.ping(6) { try await raw.send([byte]) }
            #expect(await raw.next()?.header.requestID == 5)
            #expect(await raw.next()?.header.requestID == 6)
            await raw.close()
        }
    }

    @Test func `dripping bytes does not buy time`() async throws {
        try await withServer {
            $0.stallTimeout = .milliseconds(200)
        } _: { server in
            var raw = try await RawConnection.greeted(port: server.port)
            let frame = try Self.ping(5)
            let output = raw.output
            let drip = Task {
                // 0.8 s for a frame, a byte every 20 ms: never silent, never done in time.
                for byte in frame {
                    output.sendLater([byte])
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(await raw.rest().isEmpty)
            drip.cancel()
        }
    }

    @Test func `a connection that does not greet is closed`() async throws {
        try await withServer {
            $0.helloTimeout = .milliseconds(50)
        } _: { server in
            var raw = try await RawConnection(port: server.port)
            #expect(await raw.rest().isEmpty)
        }
    }

    @Test func `a client that does not read its answers is closed`() async throws {
        try await withServer {
            $0.stallTimeout = .milliseconds(200)
            $0.writeBufferBytes = 1 << 16
        } _: { server in
            let pins = Pins(64, dimensions: 1_024)
            let handle = try await pins.write(to: server.directory).info.handle
            let raw = try await RawConnection(port: server.port, reads: false)
            try await raw.send(Self.hello(Hello(clientName: "deaf")))
            let get = GetRequest(
                handle: handle,
                ids: (0..<64).map(Pins.id),
                wantsVectors: true
            )
            // 260 KB each, and more of them than the kernel keeps.
            let frames = try (UInt32(2)..<402).flatMap {
                try RawConnection.frame(.get(get), id: $0)
            }
            raw.output.sendLater(frames)
            // Without reading, only a failing write tells that the server has gone.
            await #expect(throws: (any Error).self) {
                while true {
                    try await raw.send(Self.ping(1))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
    }

    @Test func `connections beyond the limit are closed`() async throws {
        try await withServer {
            $0.connectionsMax = 1
        } _: { server in
            var first = try await RawConnection.greeted(port: server.port)
            var second = try await RawConnection(port: server.port)
            #expect(await second.rest().isEmpty)
            try await first.send(Self.ping(5))
            #expect(await first.next()?.header.requestID == 5)
            await first.close()
        }
    }
}

private func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    var value: UInt32 = 0xffff_ffff
    for byte in bytes {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = value >> 1 ^ (value & 1) * 0x82f6_3b78 }
    }
    value = ~value
    return (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

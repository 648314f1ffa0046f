import Foundation
import NIOCore
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import TestKit
import Testing

/// A real server and a real client with certificates made for the test.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    private static func options(_ tls: ClientTLS?) -> ClientOptions {
        ClientOptions(connectTimeout: .seconds(20), requestTimeout: .seconds(60), tls: tls)
    }

    private static func connect(
        _ server: ServedDirectory,
        _ tls: ClientTLS?
    ) async throws -> PalateClient {
        try await PalateClient.connect(
            host: "localhost",
            port: server.port,
            options: options(tls)
        )
    }

    /// Whether a client that is given this gets an answer.
    private static func getsAnswer(_ server: ServedDirectory, _ tls: ClientTLS?) async -> Bool {
        guard let client = try? await connect(server, tls) else { return false }
        let isAnswered = (try? await client.ping()) != nil
        await client.close()
        return isAnswered
    }

    @Test func `queries travel under TLS, and nobody else gets in`() async throws {
        let temporary = TemporaryDirectory()
        let authority = try TestCertificates(in: temporary.path)
        let stranger = try TestCertificates(in: temporary.path, name: "another authority")
        let files = try authority.issue()
        let tls = try ServerTLS(TLSFiles(certificate: files.certificate, key: files.key))
        try await withServer {
            $0.tls = tls
            $0.helloTimeout = .seconds(2)
        } _: { server in
            let pins = Pins(300)
            let handle = try await pins.write(to: server.directory).info.handle
            let client = try await Self.connect(server, ClientTLS(authority: authority.authority))
            let found = try await client.query(pins.query(handle, rows: 0..<300, k: 1))
            #expect(found.ids == (0..<300).map(Pins.id))
            await client.close()
            // Trusts somebody else, wants another name, or does not speak TLS at all.
            #expect(
                await !Self.getsAnswer(server, ClientTLS(authority: stranger.authority))
            )
            let wrongName = ClientTLS(authority: authority.authority, serverName: "example.org")
            #expect(await !Self.getsAnswer(server, wrongName))
            #expect(await !Self.getsAnswer(server, nil))
            #expect(await Self.getsAnswer(server, ClientTLS(authority: authority.authority)))
        }
    }

    @Test func `mutual TLS lets in only certificates of its authority`() async throws {
        let temporary = TemporaryDirectory()
        let authority = try TestCertificates(in: temporary.path)
        let stranger = try TestCertificates(in: temporary.path, name: "another authority")
        let own = try authority.issue()
        let friend = try authority.issue("friend")
        let foe = try stranger.issue("foe")
        let late = try authority.issue("late", days: -1)
        let tls = try ServerTLS(
            TLSFiles(
                certificate: own.certificate,
                key: own.key,
                clientAuthority: authority.authority
            )
        )
        try await withServer {
            $0.tls = tls
        } _: { server in
            func client(_ files: (certificate: String, key: String)?) -> ClientTLS {
                ClientTLS(
                    authority: authority.authority,
                    certificate: files?.certificate,
                    key: files?.key
                )
            }
            #expect(await Self.getsAnswer(server, client(friend)))
            #expect(await !Self.getsAnswer(server, client(nil)))
            #expect(await !Self.getsAnswer(server, client(foe)))
            #expect(await !Self.getsAnswer(server, client(late)))
        }
    }

    @Test func `a new certificate holds for new connections, and a bad one changes nothing`()
        async throws
    {
        let temporary = TemporaryDirectory()
        let old = try TestCertificates(in: temporary.path, name: "old")
        let new = try TestCertificates(in: temporary.path, name: "new")
        let files = try old.issue()
        let tls = try ServerTLS(TLSFiles(certificate: files.certificate, key: files.key))
        try await withServer {
            $0.tls = tls
        } _: { server in
            #expect(try !tls.reloadIfChanged())
            let early = try await Self.connect(server, ClientTLS(authority: old.authority))
            _ = try new.issue()
            #expect(try tls.reloadIfChanged())
            #expect(try !tls.reloadIfChanged())
            #expect(await Self.getsAnswer(server, ClientTLS(authority: new.authority)))
            #expect(await !Self.getsAnswer(server, ClientTLS(authority: old.authority)))
            try await early.ping()
            // A key of another certificate, then no certificate at all.
            let other = try new.issue("other")
            try Files.copy(other.key, to: files.key)
            #expect(throws: ServerError.self) { try tls.reload() }
            try Files.write("not a certificate", to: files.certificate)
            #expect(throws: ServerError.self) { try tls.reload() }
            #expect(await Self.getsAnswer(server, ClientTLS(authority: new.authority)))
            await early.close()
        }
    }

    @Test func `a connection that never finishes its handshake is closed`() async throws {
        let temporary = TemporaryDirectory()
        let files = try TestCertificates(in: temporary.path).issue()
        let tls = try ServerTLS(TLSFiles(certificate: files.certificate, key: files.key))
        try await withServer {
            $0.tls = tls
            $0.helloTimeout = .milliseconds(200)
        } _: { server in
            var raw = try await RawConnection(port: server.port)
            #expect(await raw.next() == nil)
        }
    }
}

private enum Files {
    static func copy(_ source: String, to target: String) throws {
        try write(String(contentsOfFile: source, encoding: .utf8), to: target)
    }

    static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}

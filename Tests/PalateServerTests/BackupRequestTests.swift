import Foundation
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// BACKUP, through the socket.
@Suite struct BackupRequestTests {
    /// A failure's code, as the client sees it.
    private func code(_ body: () async throws -> BackupReceipt) async -> StatusCode? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? PalateClientError)?.status
        }
    }

    /// Asks again while another backup is being made.
    private func untilTaken(_ body: () async throws -> BackupReceipt) async -> StatusCode? {
        while true {
            let answer = await code(body)
            if answer != .overloaded { return answer }
        }
    }

    /// Off the cooperative threads.
    private func verified(_ backup: String, as path: String) async throws -> VerificationReport {
        try await Task.detached {
            try Restore.run(backup: backup, to: path)
            return try Verification.run(path: path)
        }.value
    }

    @Test func `a server makes backups in its directory of backups alone`() async throws {
        let temporary = TemporaryDirectory()
        let home = temporary.path + "/backups"
        try await withServer({ $0.backupsPath = home }) { server in
            let pins = Pins(200)
            _ = try await pins.write(to: server.directory)
            let client = try await server.connect()
            for form in BackupForm.allCases {
                let name = "night-\(form.rawValue)"
                let receipt = try await client.backup(BackupRequest(name: name, form: form))
                #expect(receipt.files == 3)
                #expect(receipt.bytes > 20_000)
                let report = try await verified(
                    "\(home)/\(name)",
                    as: temporary.path + "/restored-\(form.rawValue)"
                )
                #expect(report.isClean)
                #expect(report.collections.map(\.liveRows) == [200])
            }
            let again = await code { try await client.backup(BackupRequest(name: "night-0")) }
            #expect(again == .backupExists)
            let unknown = await code {
                try await client.backup(BackupRequest(name: "b", collection: "none"))
            }
            #expect(unknown == .unknownCollection)
            let slow = await code {
                try await client.backup(BackupRequest(name: "b", bytesPerSecond: 5))
            }
            #expect(slow == .outOfRange)
            for name in ["../b", "a/b", ".b", "", "/b"] {
                let bad = await code { try await client.backup(BackupRequest(name: name)) }
                #expect(bad == .badName, "\(name)")
            }
            await client.close()
        }
        withExtendedLifetime(temporary) {}
    }

    @Test func `a server without a directory of backups makes none`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let refused = await code { try await client.backup(BackupRequest(name: "b")) }
            #expect(refused == .unsupported)
            await client.close()
        }
    }

    @Test func `a backup ends with its server and leaves nothing; one runs at a time`() async throws
    {
        let temporary = TemporaryDirectory()
        let home = temporary.path + "/backups"
        let server = try await ServedDirectory.start(at: temporary.path + "/data") {
            $0.backupsPath = home
        }
        // Some 5 MB: five seconds at the slowest rate.
        _ = try await Pins(2_500, dimensions: 512).write(to: server.directory)
        let client = try await server.connect()
        let slow = BackupRequest(name: "slow", bytesPerSecond: 1_000_000)
        async let first = untilTaken { try await client.backup(slow) }
        var probes = 0
        while await code({ try await client.backup(BackupRequest(name: "probe-\(probes)")) }) == nil
        {
            probes += 1
        }
        // The server may close the connection before the word about the backup is out.
        try await server.stop()
        let ended = await first
        #expect(ended == .shuttingDown || ended == nil)
        await client.close()
        let left = try FileManager.default.contentsOfDirectory(atPath: home).sorted()
        #expect(left == (0..<probes).map { "probe-\($0)" }.sorted())
        withExtendedLifetime(temporary) {}
    }
}

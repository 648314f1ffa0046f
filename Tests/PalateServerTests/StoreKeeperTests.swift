import Glibc
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5))) struct StoreKeeperTests {
    @Test func `a server takes writes again by itself after a commit that failed`() async throws {
        try await withServer {
            $0.tendInterval = .milliseconds(100)
        } _: { server in
            let pins = Pins(60)
            let handle = try await pins.write(to: server.directory).info.handle
            let client = try await server.connect()
            let data = server.directory.path + "/collections/pins.1/gen-000001/data.mdb"
            let pages = try #require(
                descriptors(of: data) { $0 & O_DSYNC == 0 && $0 & O_ACCMODE != O_RDONLY }.first
            )
            // Until the file is opened again, which closes this descriptor.
            let readOnly = open(data, O_RDONLY)
            dup2(readOnly, pages)
            close(readOnly)
            await expectRefusal(.storageFailed) {
                try await client.upsert(handle: handle, rows: pins.rows(0..<10))
            }
            #expect(try await client.query(pins.query(handle, rows: 0..<1)).ids.count == 5)
            var receipt: WriteReceipt?
            while receipt == nil {
                receipt = try? await client.upsert(handle: handle, rows: pins.rows(0..<10))
                if receipt == nil { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(receipt?.changed == 10)
            var stats = try await client.stats(of: "pins")
            while stats.checkedRows == 0 { stats = try await client.stats(of: "pins") }
            #expect(stats.writeState == .healthy)
            #expect(!stats.lastFailure.isEmpty)
            #expect(stats.liveItems == 60)
            #expect(stats.unreachableItems == 0)
            await client.close()
        }
    }
}

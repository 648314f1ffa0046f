import AccessTestKit
import Foundation
import PalateAccess
import TestKit
import Testing

@Suite struct KeyTests {
    private let temporary = TemporaryDirectory()
    private var file: KeyFile { KeyFile(path: temporary.path + "/keys") }

    private func gatekeeper() async throws -> Gatekeeper {
        try await Gatekeeper(keysPath: file.path, tokens: nil)
    }

    /// What a key is answered with.
    private func outcome(
        _ text: String,
        _ gatekeeper: Gatekeeper,
        now: Int64 = noon
    ) async -> Result<Grant, AccessError> {
        do throws(AccessError) {
            return .success(
                try await gatekeeper.authenticate(.apiKey(text), from: "::1", now: now)
            )
        } catch {
            return .failure(error)
        }
    }

    @Test func `a key allows what it was made for`() async throws {
        let key = try file.make([.query, .events], collections: ["pins", "boards"])
        let gatekeeper = try await gatekeeper()
        let grant = try await gatekeeper.authenticate(.apiKey(key.text), from: "a", now: noon)
        #expect(grant.subject == key.id)
        #expect(grant.scopes == [.query, .events])
        #expect(grant.collections == .named(["pins", "boards"]))
        #expect(grant.collections.allows("pins") && !grant.collections.allows("users"))
        #expect(gatekeeper.stillHolds(grant, now: noon))
    }

    @Test func `without keys a server is open, with a revoked one it is not`() async throws {
        let gatekeeper = try await gatekeeper()
        #expect(gatekeeper.isOpen)
        #expect(gatekeeper.stillHolds(.everything, now: noon))
        let key = try file.make()
        #expect(try gatekeeper.refreshIfChanged())
        #expect(try !gatekeeper.refreshIfChanged())
        #expect(!gatekeeper.isOpen)
        #expect(!gatekeeper.stillHolds(.everything, now: noon))
        let grant = try await gatekeeper.authenticate(.apiKey(key.text), from: "a", now: noon)
        try file.update { ring throws(KeyRingError) in try ring.revoke(key.id, now: noon) }
        #expect(try gatekeeper.refreshIfChanged())
        #expect(!gatekeeper.isOpen)
        #expect(!gatekeeper.stillHolds(grant, now: noon))
        #expect(await outcome(key.text, gatekeeper) == .failure(.notAuthenticated))
    }

    @Test func `a wrong secret, an unknown id and no key at all are told apart by nobody`()
        async throws
    {
        let key = try file.make()
        let gatekeeper = try await gatekeeper()
        var wrong = key.text
        wrong.removeLast()
        wrong.append(key.text.hasSuffix("0") ? "1" : "0")
        let unknown = key.text.replacing(key.id, with: "zzzzzzzz")
        for text in [wrong, unknown, "plt_x_y", "nonsense", "plt__", key.id] {
            #expect(await outcome(text, try self.gatekeeper()) == .failure(.notAuthenticated))
        }
        #expect(
            await outcome("", gatekeeper) == .failure(.badLength(got: 0, expected: 1...4_000))
        )
        let long = String(repeating: "a", count: 4_001)
        #expect(
            await outcome(long, gatekeeper)
                == .failure(.badLength(got: 4_001, expected: 1...4_000))
        )
    }

    @Test func `a key expires, and says so only to who has it`() async throws {
        let key = try file.make(expiry: noon + 1_000)
        let gatekeeper = try await gatekeeper()
        let grant = try await gatekeeper.authenticate(.apiKey(key.text), from: "a", now: noon)
        #expect(gatekeeper.stillHolds(grant, now: noon + 999))
        #expect(!gatekeeper.stillHolds(grant, now: noon + 1_000))
        #expect(await outcome(key.text, gatekeeper, now: noon + 1_000) == .failure(.expired))
    }

    @Test func `a rotated key has two secrets for a while`() async throws {
        let old = try file.make()
        let new = try file.update { ring throws(KeyRingError) in
            var generator = SystemRandomNumberGenerator()
            return try ring.rotate(old.id, graceEnd: noon + 500, using: &generator)
        }
        #expect(new.id == old.id && new.text != old.text)
        let gatekeeper = try await gatekeeper()
        #expect(try await outcome(old.text, gatekeeper).get().expiry == noon + 500)
        #expect(try await outcome(new.text, gatekeeper).get().expiry == nil)
        #expect(await outcome(old.text, gatekeeper, now: noon + 500) == .failure(.expired))
    }

    @Test func `no secret is in the file, in a list or in what is printed of a key`() throws {
        let key = try file.make()
        let secret = String(key.text.split(separator: "_")[2])
        let stored = try String(contentsOfFile: file.path, encoding: .utf8)
        var dumped = ""
        dump(key, to: &dumped)
        dump(Credential.apiKey(key.text), to: &dumped)
        let printed = [
            "\(key)", String(reflecting: key), "\(Credential.apiKey(key.text))",
            String(reflecting: Credential.token(secret)), dumped, stored,
        ]
        for text in printed { #expect(!text.contains(secret)) }
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `keys that could do nothing, bad names and too many are refused`() throws {
        #expect(throws: KeyRingError.grantsNothing(what: "scopes")) { try file.make([]) }
        #expect(throws: KeyRingError.grantsNothing(what: "collections")) {
            try file.make(collections: [])
        }
        #expect(throws: KeyRingError.badName(got: "a/b")) { try file.make(collections: ["a/b"]) }
        #expect(throws: KeyRingError.unknownKey(id: "zzzzzzzz")) {
            try file.update { ring throws(KeyRingError) in try ring.revoke("zzzzzzzz", now: noon) }
        }
        #expect(throws: KeyRingError.self) { try Scopes("query,everything") }
        #expect(try Scopes("all") == .all)
        #expect(try Scopes("write,query").names == "query,write")
    }

    @Test func `damaged files are named, and the keys in memory stay`() async throws {
        let key = try file.make()
        let gatekeeper = try await gatekeeper()
        let good = try Data(contentsOf: URL(filePath: file.path))
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        #if DEBUG
        let rounds = 500
        #else
        let rounds = 20_000
        #endif
        for _ in 0..<rounds {
            var bytes = [UInt8](good)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.removeLast(bytes.count - place)
                }
                if bytes.isEmpty { break }
            }
            try Data(bytes).write(to: URL(filePath: file.path))
            // Whatever it is: keys, or an error that names the file.
            do throws(KeyRingError) {
                _ = try file.read()
            } catch {
                #expect("\(error)".contains(file.path), "seed \(seed)")
            }
        }
        try Data("{}".utf8).write(to: URL(filePath: file.path))
        await #expect(throws: KeyRingError.self) { try await gatekeeper.reload() }
        #expect(try await outcome(key.text, gatekeeper).get().subject == key.id)
        let future = String(decoding: good, as: UTF8.self)
            .replacing("\"version\" : 1", with: "\"version\" : 2")
        try future.write(toFile: file.path, atomically: true, encoding: .utf8)
        #expect(
            throws: KeyRingError.unknownVersion(path: file.path, got: 2, expected: 1)
        ) { try file.read() }
    }

    @Test func `a file of keys that goes missing does not open the server`() async throws {
        let key = try file.make()
        let gatekeeper = try await gatekeeper()
        for step in 0..<2 {
            if step == 0 {
                try FileManager.default.removeItem(atPath: file.path)
            } else {
                try "{\"keys\": [], \"version\": 1}".write(
                    toFile: file.path,
                    atomically: true,
                    encoding: .utf8
                )
            }
            #expect(throws: KeyRingError.keysGone(path: file.path)) {
                try gatekeeper.refreshIfChanged()
            }
            await #expect(throws: KeyRingError.keysGone(path: file.path)) {
                try await gatekeeper.reload()
            }
            #expect(!gatekeeper.isOpen)
            #expect(try await outcome(key.text, gatekeeper).get().subject == key.id)
        }
    }

    @Test func `expired keys are not taken for guesses`() async throws {
        let key = try file.make(expiry: noon + 1)
        let gatekeeper = try await gatekeeper()
        for _ in 0..<20 {
            #expect(await outcome(key.text, gatekeeper, now: noon + 2) == .failure(.expired))
        }
    }

    @Test func `keys made by several processes at once are all there`() async throws {
        let file = file
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10 { _ = try file.make() } }
            }
            try await group.waitForAll()
        }
        #expect(try file.read().keys.count == 80)
    }

    @Test func `guessing gets slower, by address, and a success ends it`() async throws {
        let key = try file.make()
        let gatekeeper = try await gatekeeper()
        func fail(_ address: String, at now: Int64) async -> AccessError? {
            do throws(AccessError) {
                _ = try await gatekeeper.authenticate(.apiKey("wrong"), from: address, now: now)
                return nil
            } catch {
                return error
            }
        }
        for _ in 0..<5 { #expect(await fail("10.0.0.1", at: noon) == .notAuthenticated) }
        #expect(await fail("10.0.0.1", at: noon) == .throttled(retryMilliseconds: 1_000))
        // Also the right key has to wait; others need not.
        await #expect(throws: AccessError.throttled(retryMilliseconds: 1)) {
            try await gatekeeper.authenticate(
                .apiKey(key.text),
                from: "10.0.0.1",
                now: noon + 999
            )
        }
        #expect(await fail("10.0.0.2", at: noon) == .notAuthenticated)
        #expect(await fail("10.0.0.1", at: noon + 1_000) == .notAuthenticated)
        #expect(await fail("10.0.0.1", at: noon + 1_000) == .throttled(retryMilliseconds: 2_000))
        _ = try await gatekeeper.authenticate(
            .apiKey(key.text),
            from: "10.0.0.1",
            now: noon + 3_000
        )
        #expect(await fail("10.0.0.1", at: noon + 3_000) == .notAuthenticated)
        #expect(await fail("10.0.0.1", at: noon + 3_000) == .notAuthenticated)
        // One customer's network of IPv6 is one address.
        for host in 1...5 { _ = await fail("2001:db8:1:2::\(host)", at: noon) }
        #expect(await fail("2001:db8:1:2::ff", at: noon) == .throttled(retryMilliseconds: 1_000))
        #expect(await fail("2001:db8:1:3::1", at: noon) == .notAuthenticated)
    }
}

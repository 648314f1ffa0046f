import Crypto
import PalateModel

/// Credentials to grants: what a server asks.
///
/// Keys are looked up in memory, from any thread.
package final class Gatekeeper: Sendable {
    private struct State {
        var records: [String: KeyRecord] = [:]
        var stamp: FileStamp?
        var verifier: TokenVerifier?
    }

    /// Slips that everybody has.
    package static let defaultFreeFailures = 4

    private let file: KeyFile?
    private let tokens: TokenSettings?
    private let throttle: FailureThrottle
    private let state = ReadWriteLock(State())

    /// Reads keys, and the keys of tokens.
    ///
    /// - Parameters:
    ///   - keysPath: the file of keys, which may not be there yet; nil = there are none.
    ///   - tokens: nil = no tokens are taken.
    ///   - freeFailures: of one address, before it has to wait.
    /// - Throws: what is wrong with the files.
    package init(
        keysPath: String?,
        tokens: TokenSettings?,
        freeFailures: Int = Gatekeeper.defaultFreeFailures
    ) async throws(KeyRingError) {
        throttle = FailureThrottle(freeFailures: freeFailures)
        file = keysPath.map(KeyFile.init)
        self.tokens = tokens
        try await reload()
    }

    /// Failures of one address that cost it nothing.
    package var freeFailures: Int { throttle.freeFailures }

    /// Whether there is nothing to authenticate by: no key was ever made, no tokens are taken.
    ///
    /// A ring whose keys are all revoked is not open: that was not the owner's wish.
    package var isOpen: Bool {
        state.withReadLock { $0.records.isEmpty && $0.verifier == nil }
    }

    /// Reads all files anew; where one is bad, all stay as they were.
    ///
    /// - Throws: what is wrong with them.
    package func reload() async throws(KeyRingError) {
        let stamp = file?.stamp()
        let ring = try readRing()
        var verifier: TokenVerifier?
        if let tokens { verifier = try await TokenVerifier(tokens) }
        let new = verifier
        state.withWriteLock { state in
            state.records = Self.records(ring)
            state.stamp = stamp
            state.verifier = new
        }
    }

    /// Reads the keys anew where their file is another than it was: for every few seconds.
    ///
    /// - Returns: whether it was another.
    /// - Throws: what is wrong with it; the keys stay, and it is not named again until it changes.
    package func refreshIfChanged() throws(KeyRingError) -> Bool {
        guard let file else { return false }
        let stamp = file.stamp()
        let isChanged = state.withWriteLock { state in
            defer { state.stamp = stamp }
            return state.stamp != stamp
        }
        guard isChanged else { return false }
        let records = Self.records(try readRing())
        state.withWriteLock { $0.records = records }
        return true
    }

    /// The keys of the file; a file that had some and is gone or empty is an accident, and does not
    /// open the server to everybody.
    private func readRing() throws(KeyRingError) -> KeyRing? {
        guard let file else { return nil }
        let ring = try file.read()
        guard !ring.keys.isEmpty || state.withReadLock({ $0.records.isEmpty }) else {
            throw .keysGone(path: file.path)
        }
        return ring
    }

    private static func records(_ ring: KeyRing?) -> [String: KeyRecord] {
        Dictionary((ring?.keys ?? []).map { ($0.id, $0) }) { first, _ in first }
    }

    // MARK: Credentials

    /// What a credential allows.
    ///
    /// - Parameters:
    ///   - credential: as it was presented.
    ///   - address: whose failures are counted together.
    ///   - now: milliseconds since 1970.
    /// - Returns: what it allows; it is asked again by `stillHolds`.
    /// - Throws: why it allows nothing.
    package func authenticate(
        _ credential: Credential,
        from address: String,
        now: Int64
    ) async throws(AccessError) -> Grant {
        if let wait = throttle.wait(address, now: now) {
            throw .throttled(retryMilliseconds: wait)
        }
        do throws(AccessError) {
            let grant = try await check(credential, now: now)
            throttle.note(address, isGood: true, now: now)
            return grant
        } catch {
            // Who has had a good one does not guess.
            if error != .expired { throttle.note(address, isGood: false, now: now) }
            throw error
        }
    }

    private func check(_ credential: Credential, now: Int64) async throws(AccessError) -> Grant {
        switch credential {
        case .apiKey(let text):
            try Self.checkLength(text)
            return try check(text, now: now)
        case .token(let text):
            try Self.checkLength(text)
            guard let verifier = state.withReadLock({ $0.verifier }) else { throw .noTokens }
            return try await verifier.grant(for: text, now: now)
        }
    }

    private static func checkLength(_ text: String) throws(AccessError) {
        guard Credential.byteCount.contains(text.utf8.count) else {
            throw .badLength(got: text.utf8.count, expected: Credential.byteCount)
        }
    }

    private func check(_ text: String, now: Int64) throws(AccessError) -> Grant {
        guard let key = APIKey(text) else { throw .notAuthenticated }
        // An unknown id is compared too, so that time does not tell which ids there are.
        let record = state.withReadLock { $0.records[key.id] } ?? Self.nobody
        let digest = key.digest
        let isCurrent = record.matches(digest, earlier: false)
        let isEarlier = record.matches(digest, earlier: true)
        guard isCurrent || isEarlier, record.id == key.id, record.revoked == nil else {
            throw .notAuthenticated
        }
        let ends = [record.expiry, isCurrent ? nil : record.previousUntil ?? 0]
        let grant = record.grant(until: ends.compactMap { $0 }.min())
        guard grant.isCurrent(at: now) else { throw .expired }
        return grant
    }

    /// Whom unknown ids are compared with: no secret has a digest of zeros.
    private static let nobody = KeyRecord(
        id: "",
        name: "nobody",
        digest: String(repeating: "0", count: SHA256.byteCount * 2),
        previousDigest: String(repeating: "0", count: SHA256.byteCount * 2),
        scopes: "",
        created: 0
    )

    /// Whether what was granted earlier still holds: for every request.
    ///
    /// A key may be revoked; a token holds until it expires.
    package func stillHolds(_ grant: Grant, now: Int64) -> Bool {
        guard grant.isCurrent(at: now) else { return false }
        return switch grant.source {
        case .token: true
        case .nobody: isOpen
        case .key:
            state.withReadLock { state in
                state.records[grant.subject].map { $0.revoked == nil } ?? false
            }
        }
    }
}

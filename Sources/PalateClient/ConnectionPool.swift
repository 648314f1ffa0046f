import NIOCore
import PalateModel
import PalateWire

/// The connections of one client: opened when there is work for them, and again when they broke.
///
/// A request goes where the fewest wait. Another connection is opened only once all that are open
/// are at work, so that idle clients hold one.
final class ConnectionPool: Sendable {
    private typealias Dialling = Task<Result<Connection, PalateClientError>, Never>

    private enum Slot {
        case empty
        case dialling(Dialling, waiting: Int)
        case open(Connection)
    }

    private struct State {
        var slots: [Slot]
        /// Of the first answer on: handles mean nothing to another server.
        var server: ServerID
        var credential: ClientCredential?
        var isClosed = false
    }

    private static let closed = PalateClientError.closed(
        reason: "the client closed the connection"
    )

    private let address: ServerAddress
    private let options: ClientOptions
    private let group: any EventLoopGroup
    private let state: ReadWriteLock<State>

    init(
        _ address: ServerAddress,
        _ server: ServerID,
        _ options: ClientOptions,
        _ group: any EventLoopGroup
    ) {
        self.address = address
        self.options = options
        self.group = group
        state = ReadWriteLock(
            State(
                slots: Array(repeating: .empty, count: max(1, options.connections)),
                server: server,
                credential: options.credential
            )
        )
    }

    /// Whether the client was closed: nothing is opened any more.
    var isClosed: Bool { state.withReadLock { $0.isClosed } }

    /// Connections that take requests.
    var open: [Connection] {
        state.withReadLock { state in
            state.slots.compactMap { slot in
                if case .open(let connection) = slot, connection.isOpen { connection } else { nil }
            }
        }
    }

    /// One that takes requests; nil = none does.
    var anyOpen: Connection? {
        state.withReadLock { state in
            for case .open(let connection) in state.slots where connection.isOpen {
                return connection
            }
            return nil
        }
    }

    /// The connection that has the least to do, which may have to be opened first.
    ///
    /// - Parameter timeout: of opening, where this call is the first to want it.
    /// - Returns: a connection that takes requests.
    /// - Throws: `closed` after `close`, and why it could not be opened.
    func connection(timeout: TimeAmount) async throws(PalateClientError) -> Connection {
        enum Choice {
            case open(Connection)
            case dialling(Dialling, Int)
        }
        let choice: Choice? = state.withWriteLock { state in
            guard !state.isClosed else { return nil }
            let index = Self.leastBusy(&state.slots)
            switch state.slots[index] {
            case .open(let connection): return .open(connection)
            case .dialling(let dialling, let waiting):
                state.slots[index] = .dialling(dialling, waiting: waiting + 1)
                return .dialling(dialling, index)
            case .empty:
                let (server, credential) = (state.server, state.credential)
                let dialling = Dialling { await self.dial(server, credential, timeout) }
                state.slots[index] = .dialling(dialling, waiting: 1)
                return .dialling(dialling, index)
            }
        }
        switch choice {
        case nil: throw Self.closed
        case .open(let connection): return connection
        case .dialling(let dialling, let index):
            return try await settle(index, dialling, await dialling.value)
        }
    }

    /// Broken connections leave their slots; of what is equally busy, what is open comes first.
    private static func leastBusy(_ slots: inout [Slot]) -> Int {
        var least = (index: 0, load: Int.max)
        for index in slots.indices {
            if case .open(let connection) = slots[index], !connection.isOpen {
                slots[index] = .empty
            }
            // Twice, so that being open counts for less than one call.
            let load =
                switch slots[index] {
                case .open(let connection): 2 * connection.load
                case .dialling(_, let waiting): 2 * waiting
                case .empty: 1
                }
            if load < least.load { least = (index, load) }
        }
        return least.index
    }

    /// Puts what was dialled into its slot; whoever waited for it first does.
    private func settle(
        _ index: Int,
        _ dialling: Dialling,
        _ result: Result<Connection, PalateClientError>
    ) async throws(PalateClientError) -> Connection {
        let isClosed = state.withWriteLock { state in
            if case .dialling(dialling, _) = state.slots[index] {
                if case .success(let connection) = result, !state.isClosed {
                    state.slots[index] = .open(connection)
                    state.server = connection.welcome.server
                } else {
                    state.slots[index] = .empty
                }
            }
            return state.isClosed
        }
        let connection = try result.get()
        guard isClosed else { return connection }
        await connection.close(Self.closed)
        throw Self.closed
    }

    private func dial(
        _ server: ServerID,
        _ credential: ClientCredential?,
        _ timeout: TimeAmount
    ) async -> Result<Connection, PalateClientError> {
        do throws(PalateClientError) {
            let connection = try await Connection.dial(
                address,
                server,
                options,
                group,
                timeout: min(timeout, options.connectTimeout)
            )
            do throws(PalateClientError) {
                if let credential { _ = try await connection.authenticate(credential, options) }
            } catch {
                await connection.close(error)
                throw error
            }
            return .success(connection)
        } catch {
            return .failure(error)
        }
    }

    /// Says who the client is from now on, over every connection.
    func authenticate(
        _ credential: ClientCredential
    ) async throws(PalateClientError) -> AuthenticationReceipt {
        var known = open
        if known.isEmpty { known = [try await connection(timeout: options.connectTimeout)] }
        var receipt: AuthenticationReceipt?
        for connection in known { receipt = try await connection.authenticate(credential, options) }
        state.withWriteLock { $0.credential = credential }
        guard let receipt else { throw Self.closed }
        return receipt
    }

    /// Closes all connections, for good.
    func close() async {
        state.withWriteLock { $0.isClosed = true }
        for connection in open { await connection.close(Self.closed) }
    }
}

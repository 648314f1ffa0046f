import NIOCore
public import PalateModel
import PalateWire

/// A stream of rows that survives a crash on either side.
///
/// Append batches, then finish. As many bytes travel unanswered as the server lent; `append` waits
/// when they are used up. To resume, begin again with the same loader and epoch (or the same loader
/// and `LoadStart.resume`) and append the same batches: those the server has are counted and not
/// sent.
public struct BulkLoad: ~Copyable {
    /// Who loads, and into what.
    public let begin: LoadBegin
    /// What the server granted: where it stands, how much may travel, how many rows suit it.
    public let grant: LoadGrant
    /// Rows appended, sent or not.
    public private(set) var rowCount: UInt64 = 0
    /// The highest sequence that the server said is durable.
    public private(set) var durableSequence: UInt64

    private let client: PalateClient
    /// One for the whole load: the server lends credit to a connection.
    private let connection: Connection
    private var sequence: UInt64 = 0
    private var idChecksum = IDChecksum()
    private var flying = CircularBuffer<(bytes: Int, future: EventLoopFuture<Response>)>()
    private var unanswered = 0

    /// Starts or resumes a load.
    public init(_ client: PalateClient, _ begin: LoadBegin) async throws(PalateClientError) {
        let timeout = client.options.requestTimeout
        let connection = try await client.pool.connection(timeout: timeout)
        let response = try await connection.call(.loadBegin(begin), timeout: timeout).result.get()
        guard case .loadGranted(let grant) = response else { throw client.unexpected(response) }
        self.client = client
        self.connection = connection
        self.grant = grant
        self.begin = LoadBegin(
            handle: begin.handle,
            loaderID: begin.loaderID,
            epoch: grant.epoch ?? begin.epoch
        )
        durableSequence = grant.durableSequence
    }

    /// Sends one batch, after waiting for room.
    ///
    /// - Parameter rows: at most `Limits.rowsPerRequest`, and what fits a frame.
    /// - Throws: why this batch, or one before it, was not taken; the load cannot go on then.
    public mutating func append(_ rows: RowBatch) async throws(PalateClientError) {
        try client.check(rows)
        sequence += 1
        rowCount += UInt64(rows.ids.count)
        idChecksum.append(rows.ids)
        guard sequence > grant.durableSequence else { return }
        let bytes = bodyBytes(rows)
        while !flying.isEmpty, UInt64(unanswered + bytes) > grant.creditBytes {
            try await settle()
        }
        let data = LoadData(begin: begin, sequence: sequence, rows: rows)
        let promise = connection.channel.eventLoop.makePromise(of: Response.self)
        connection.submit(.loadData(data), timeout: client.options.requestTimeout) {
            promise.completeWith($0.result.mapError { $0 })
        }
        flying.append((bytes, promise.futureResult))
        unanswered += bytes
    }

    /// Waits for what is unanswered and commits.
    ///
    /// - Returns: the receipt of the whole load.
    /// - Throws: why a batch was not taken, or `refused` where the server has other rows.
    public consuming func finish() async throws(PalateClientError) -> WriteReceipt {
        while !flying.isEmpty { try await settle() }
        let commit = LoadCommit(begin: begin, expectedRows: rowCount, idChecksum: idChecksum.value)
        let reply = await connection.call(
            .loadCommit(commit),
            timeout: client.options.requestTimeout
        )
        let response = try reply.result.get()
        guard case .loadCommitted(let receipt) = response else { throw client.unexpected(response) }
        return receipt
    }

    /// The oldest answer gives back its credit.
    private mutating func settle() async throws(PalateClientError) {
        guard let oldest = flying.popFirst() else { return }
        unanswered -= oldest.bytes
        let response: Response
        do {
            response = try await oldest.future.get()
        } catch let error as PalateClientError {
            throw error
        } catch {
            throw .closed(reason: "\(error)")
        }
        guard case .loadAcknowledged(let acknowledgement) = response else {
            throw client.unexpected(response)
        }
        durableSequence = max(durableSequence, acknowledgement.durableSequence)
    }

    /// The frame's body: two heads, and the columns.
    private func bodyBytes(_ rows: RowBatch) -> Int {
        let payloads = rows.payloads.reduce(0) { $0 + $1.count + 4 }
        return 64 + rows.ids.count * 8 + rows.vectors.count * 4 + payloads
    }
}

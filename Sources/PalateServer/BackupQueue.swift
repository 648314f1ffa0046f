import Dispatch
import PalateIndex
import PalateModel
import PalateWire
import Synchronization

/// Makes backups one at a time, on a queue of its own: off event loops, workers and writers.
final class BackupQueue: Sendable {
    /// When a client may try again while another backup is being made.
    private static let retryMilliseconds: UInt32 = 10_000

    private let directory: DataDirectory
    /// The only directory that backups are made in; nil = none are made.
    private let home: String?
    private let queue = DispatchQueue(label: "palate.backup", qos: .utility)
    private let isBusy = Atomic(false)
    private let isCancelled = Atomic(false)

    init(directory: DataDirectory, home: String?) {
        self.directory = directory
        self.home = home
    }

    /// Starts a backup.
    ///
    /// - Parameters:
    ///   - request: whoever asked, over the wire or over HTTP.
    ///   - completion: called once, if this returns.
    /// - Throws: why none was started.
    func submit(
        _ request: BackupRequest,
        _ completion: @escaping RequestService.Completion
    ) throws(RequestError) {
        guard let home else {
            throw .unsupported(
                what: "the server has no directory of backups: opcode",
                got: Int(Opcode.backup.rawValue)
            )
        }
        guard CollectionSchema.isName(request.name) else { throw .badName(got: request.name) }
        let rate = try Self.rate(of: request)
        if !request.collection.isEmpty { _ = try directory.collection(named: request.collection) }
        guard !isCancelled.load(ordering: .relaxed) else { throw .shuttingDown }
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
        else {
            throw .overloaded(
                by: .backupsAtOnce,
                expected: 1,
                retryMilliseconds: Self.retryMilliseconds
            )
        }
        let order = BackupOrder(
            target: home + "/" + request.name,
            form: request.form,
            collection: request.collection.isEmpty ? nil : request.collection,
            bytesPerSecond: rate,
            isCancelled: { self.isCancelled.load(ordering: .relaxed) }
        )
        queue.async {
            let result: Result<Response, RequestError>
            do throws(IndexError) {
                result = .success(.backedUp(try self.directory.backup(order)))
            } catch {
                result = .failure(RequestError(error))
            }
            self.isBusy.store(false, ordering: .relaxed)
            completion(result)
        }
    }

    /// Ends the backup that is being made and refuses others; returns when it has ended.
    func close() {
        isCancelled.store(true, ordering: .relaxed)
        queue.sync {}
    }

    private static func rate(of request: BackupRequest) throws(RequestError) -> Int {
        guard request.bytesPerSecond != 0 else { return 0 }
        let rate = Int(clamping: request.bytesPerSecond)
        guard BackupOrder.rates.contains(rate) else {
            throw .outOfRange(field: "bytes per second", got: rate, expected: BackupOrder.rates)
        }
        return rate
    }
}

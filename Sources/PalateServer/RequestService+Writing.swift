import PalateIndex
import PalateModel
import PalateWire

// Writes: to the writer of their collection, or of its events.
extension RequestService {
    /// Refuses what adds to the process beyond the memory it may have.
    ///
    /// - Throws: `storageFull`.
    func admitMemory(of request: Request, byteCount: Int) throws(RequestError) {
        guard request.adds else { return }
        do throws(RequestError) {
            try memory.admit(byteCount, max: limits.memoryBytesMax)
        } catch {
            metrics.refused(by: .memory)
            throw error
        }
    }

    /// Hands a write to its collection's writer.
    func write(
        _ request: Request,
        _ completion: @escaping Completion
    ) throws(RequestError) {
        switch request {
        case .upsert(let handle, let rows):
            try submit(.upsert(rows), to: handle, as: Response.upserted, completion)
        case .delete(let handle, let ids):
            try submit(.delete(ids), to: handle, as: Response.deleted, completion)
        case .deleteMatching(let handle, let filter, let limit):
            try submit(
                .deleteMatching(filter, limit: limit),
                to: handle,
                as: Response.deletedMatching,
                completion
            )
        case .patch(let handle, let patch):
            try submit(.patch(patch), to: handle, as: Response.patched, completion)
        case .loadBegin(let begin):
            try self.begin(begin, completion)
        case .loadData(let data):
            try submit(.load(data), to: data.begin.handle, as: Response.upserted, completion)
        case .loadCommit(let commit):
            try submit(
                .commitLoad(commit),
                to: commit.begin.handle,
                as: Response.loadCommitted,
                completion
            )
        case .events(let handle, let events):
            let collection = try directory.collection(handle: handle)
            let now = nowMilliseconds()
            let timed = events.map { event in
                var event = event
                if event.timeMilliseconds == 0 { event.timeMilliseconds = now }
                return event
            }
            collection.taste.submit(timed) { completion($0.map(Response.eventsRecorded)) }
        default:
            throw .internalFailure(reason: "opcode \(request.opcode) does not write")
        }
    }

    /// Starts a load, whose epoch the server may have to name.
    private func begin(
        _ begin: LoadBegin,
        _ completion: @escaping Completion
    ) throws(RequestError) {
        let collection = try directory.collection(handle: begin.handle)
        let resolved: LoadBegin
        do throws(IndexError) {
            resolved = try collection.resolve(begin)
        } catch {
            throw RequestError(error)
        }
        try submit(.beginLoad(resolved), to: begin.handle, as: Response.upserted) { result in
            guard begin.start != .given, case .success(.loadGranted(var grant)) = result else {
                return completion(result)
            }
            grant.epoch = resolved.epoch
            completion(.success(.loadGranted(grant)))
        }
    }

    private func submit(
        _ operation: WriteOperation,
        to handle: UInt32,
        as receipt: @escaping @Sendable (WriteReceipt) -> Response,
        _ completion: @escaping Completion
    ) throws(RequestError) {
        try directory.collection(handle: handle).writer.submit(operation) { result in
            completion(
                result.map { outcome in
                    switch outcome {
                    case .receipt(let written): receipt(written)
                    case .grant(let grant): .loadGranted(grant)
                    case .acknowledgement(let acknowledgement):
                        .loadAcknowledged(acknowledgement)
                    }
                }
            )
        }
    }
}

import PalateIndex
import PalateModel
import PalateQuery
import PalateWire

// Requests about fields beside QUERY and the writes.
extension RequestService {
    /// Answers one of them, now or later.
    func answerAboutFields(
        _ request: Request,
        _ call: Call,
        _ completion: @escaping Completion
    ) throws(RequestError) -> Response? {
        switch request {
        case .declareFields(let handle, let fields):
            return try onWorker(call, completion, of: administration) {
                [directory] () throws(RequestError) in
                .fields(
                    opcode: Opcode.fieldsDeclare.rawValue,
                    try directory.declareFields(fields, of: handle)
                )
            }
        case .listFields(let handle):
            let collection = try directory.collection(handle: handle)
            return try onWorker(call, completion) { () throws(RequestError) in
                .fields(opcode: Opcode.fieldsList.rawValue, collection.fields.figures)
            }
        case .count(let count):
            let collection = try directory.collection(handle: count.handle)
            return try onWorker(call, completion) { [self] () throws(RequestError) in
                .counted(
                    try FieldQueries.count(count, in: collection) { () throws(RequestError) in
                        try checkDeadline(of: call)
                    }
                )
            }
        case .scroll(let scroll):
            let collection = try directory.collection(handle: scroll.handle)
            return try onWorker(call, completion) { [self] () throws(RequestError) in
                .scrolled(
                    try FieldQueries.scroll(
                        scroll,
                        in: collection,
                        bytesMax: call.answerBytesMax
                    ) { () throws(RequestError) in try checkDeadline(of: call) }
                )
            }
        default:
            throw .internalFailure(reason: "opcode \(request.opcode) is not about fields")
        }
    }
}

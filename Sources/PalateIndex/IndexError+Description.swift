import PalateModel
import PalateStorage

extension IndexError: CustomStringConvertible {
    /// One sentence for people; damage names its table and key.
    package var description: String {
        switch self {
        case .corrupt(let place, let reason): "\(place): \(reason)"
        case .unsupportedFormat(let place, let got, let expected):
            "\(place): format \(got), expected \(expected)"
        case .missing(let place): "\(place): missing"
        case .outOfAddressSpace(let bytes): "no address space for \(bytes) bytes"
        case .storage(.inUse(let path, let processID)):
            "\(path) is held by process \(processID)"
        case .storage(.notFound(let path)): "\(path): no such file or directory"
        case .storage(.other(let operation, let status)): "\(operation): \(status)"
        case .storage(let error): "\(error)"
        case .quantization(let error): "\(error)"
        case .graph(let error): "links: \(error)"
        case .request(.backupExists(let path)): "there is something at \(path) already"
        case .request(.unknownCollection(let name)): "there is no collection \(name)"
        case .request(let error): "\(error)"
        }
    }
}

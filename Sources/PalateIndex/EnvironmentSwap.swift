import PalateStorage

/// Puts a new data file in the place of an environment's old one.
enum EnvironmentSwap {
    /// Replaces `directory`'s file by that of `new` in one step: whenever the machine stops, the
    /// name leads to one of the two, whole.
    ///
    /// - Parameters:
    ///   - directory: of the environment, which nobody has open.
    ///   - new: a directory on the same file system; gone afterwards.
    ///   - kept: a directory that gets a second name of the old file; nil = the old file is gone.
    /// - Throws: what the file system says; the old file stands then.
    static func replace(
        _ directory: String,
        by new: String,
        keeping kept: String? = nil
    ) throws(IndexError) {
        try stored { () throws(StorageError) in
            let name = FileTree.dataFileName
            if let kept, try FileTree.kind(of: "\(directory)/\(name)") == .file {
                try FileTree.makeDirectory(kept)
                try FileTree.link("\(directory)/\(name)", to: "\(kept)/\(name)")
            }
            try FileTree.makeDirectory(directory)
            try FileTree.rename("\(new)/\(name)", to: "\(directory)/\(name)")
            try FileTree.remove(new)
        }
    }

    /// A directory below `DATA/damaged` that is not there yet.
    static func keepingPlace(
        for relative: String,
        in path: String
    ) throws(IndexError) -> String {
        try stored { () throws(StorageError) in
            var number = 1
            while true {
                let place = "\(path)/damaged/\(number)/\(relative)"
                if try FileTree.kind(of: place) == .absent { return place }
                number += 1
            }
        }
    }
}

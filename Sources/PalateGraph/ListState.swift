/// What a list was when it was copied: the condition of replacing it.
struct ListState {
    /// The header, unlocked.
    let header: UInt32
    /// Links in the list.
    var count: Int { Int(header & 0xff) }
    /// Links that the heuristic chose; they lead the list.
    var diverseCount: Int { min(Int(header >> 8 & 0xff), count) }
}

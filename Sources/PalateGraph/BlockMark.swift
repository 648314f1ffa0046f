/// What is known of a block beside that it holds rows.
enum BlockMark: UInt8 {
    /// Differs from the stored block.
    case changed = 1
    /// Is the stored block, just decoded.
    case restored = 2
}

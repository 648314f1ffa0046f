/// A row's dense internal number within one generation: 0 ..< count.
///
/// Never leaves the server.
public typealias Ordinal = UInt32

/// The caller's name for an item; any 64-bit value.
public typealias ItemID = UInt64

/// The caller's name for a person; any 64-bit value.
public typealias UserID = UInt64

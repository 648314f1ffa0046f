import PalateStorage

/// Runs a step of the store; what it throws becomes this layer's.
func stored<Value>(
    _ step: () throws(StorageError) -> Value
) throws(IndexError) -> Value {
    do {
        return try step()
    } catch {
        throw .storage(error)
    }
}

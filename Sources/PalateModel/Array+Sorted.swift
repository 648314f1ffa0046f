// Binary searches of sorted arrays. `@inlinable`, since generic code is not specialised across
// targets otherwise (conventions, 7.2).

extension Array where Element: Comparable {
    /// The first position of a rising array whose element is not below `value`.
    @inlinable
    package func lowerBound(of value: Element) -> Int { lowerBound(of: value) { $0 } }

    /// The position of `value` in a rising array; nil where it is not there.
    @inlinable
    package func sortedIndex(of value: Element) -> Int? { sortedIndex(of: value) { $0 } }

    /// Whether a rising array has `value`.
    @inlinable
    package func containsSorted(_ value: Element) -> Bool { sortedIndex(of: value) != nil }
}

extension Array {
    /// The first position whose key is not below `key`, in an array whose keys rise.
    @inlinable
    package func lowerBound<Key: Comparable>(of key: Key, by read: (Element) -> Key) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if read(self[middle]) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first position of `key`, in an array whose keys rise; nil where it is not there.
    @inlinable
    package func sortedIndex<Key: Comparable>(of key: Key, by read: (Element) -> Key) -> Int? {
        let place = lowerBound(of: key, by: read)
        return place < count && read(self[place]) == key ? place : nil
    }
}

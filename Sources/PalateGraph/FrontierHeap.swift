/// The ineligible candidates still to be followed: a binary heap, nearest on top.
///
/// Only gated searches fill it. It may grow to the whole graph when nearly everything is deleted,
/// where a sorted array would cost a move of half of it per candidate.
struct FrontierHeap: Sendable {
    private var keys: [CandidateKey] = []

    /// Forgets all candidates, keeping the memory.
    mutating func removeAll() { keys.removeAll(keepingCapacity: true) }

    /// The nearest candidate.
    var nearest: CandidateKey? { keys.first }

    /// Adds a candidate.
    mutating func push(_ key: CandidateKey) {
        keys.append(key)
        var heap = keys.mutableSpan
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) >> 1
            guard key < heap[parent] else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = key
    }

    /// Removes the nearest candidate; does nothing when empty.
    mutating func removeNearest() {
        guard let key = keys.popLast(), !keys.isEmpty else { return }
        var heap = keys.mutableSpan
        var parent = 0
        while 2 * parent + 1 < heap.count {
            var child = 2 * parent + 1
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < key else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = key
    }
}

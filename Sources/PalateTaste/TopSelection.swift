/// The best few of many scored items: a binary heap with the worst kept item at its root.
struct TopSelection {
    private let limit: Int
    private var heap: [ScoredItem] = []

    /// Keeps at most `limit` items.
    init(limit: Int) {
        self.limit = max(limit, 0)
        heap.reserveCapacity(self.limit)
    }

    /// A score below this cannot be kept.
    var floor: Float {
        guard limit > 0 else { return .infinity }
        return heap.count < limit ? -.infinity : heap[0].score
    }

    /// Keeps `item` if it is among the best so far.
    mutating func insert(_ item: ScoredItem) {
        if heap.count < limit {
            heap.append(item)
            siftUp(heap.count - 1)
        } else if limit > 0, ScoredItem.isBefore(item, heap[0]) {
            heap[0] = item
            siftDown()
        }
    }

    /// What was kept, best first.
    consuming func sorted() -> [ScoredItem] {
        heap.sort(by: ScoredItem.isBefore)
        return heap
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard ScoredItem.isBefore(heap[parent], heap[child]) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if ScoredItem.isBefore(heap[worst], heap[child]) { worst = child }
            }
            guard worst != parent else { return }
            heap.swapAt(worst, parent)
            parent = worst
        }
    }
}

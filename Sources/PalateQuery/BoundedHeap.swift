/// The first elements of a sequence in some order, without sorting all of it.
struct BoundedHeap<Element> {
    private let limit: Int
    private let comesBefore: (Element, Element) -> Bool
    /// A heap whose root comes last.
    private var elements: [Element] = []

    /// Keeps at most `limit` elements, at least one.
    init(limit: Int, _ comesBefore: @escaping (Element, Element) -> Bool) {
        self.limit = limit
        self.comesBefore = comesBefore
    }

    /// Keeps an element, unless there are enough that come before it.
    mutating func insert(_ element: Element) {
        guard elements.count == limit else {
            elements.append(element)
            rise()
            return
        }
        guard comesBefore(element, elements[0]) else { return }
        elements[0] = element
        sink()
    }

    /// What was kept, in order.
    func sorted() -> [Element] { elements.sorted(by: comesBefore) }

    private mutating func rise() {
        var place = elements.count - 1
        while place > 0, comesBefore(elements[(place - 1) / 2], elements[place]) {
            elements.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func sink() {
        var place = 0
        while true {
            var last = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < elements.count && comesBefore(elements[last], elements[child]) {
                last = child
            }
            if last == place { return }
            elements.swapAt(place, last)
            place = last
        }
    }
}

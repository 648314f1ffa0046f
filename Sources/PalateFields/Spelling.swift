/// A text as a key by its bytes.
///
/// Strings of the standard library are equal where they look alike: `é` as one scalar and as two.
/// Names in JSON pointers (RFC 6901, section 4) and keywords are compared as they were written, so
/// that a row's value comes back as it came.
struct Spelling: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Spelling, right: Spelling) -> Bool {
        // Texts of the same bytes look alike, and that is asked faster.
        left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) { text.hash(into: &hasher) }
}

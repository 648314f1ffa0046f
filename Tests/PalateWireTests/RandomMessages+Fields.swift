import PalateModel
import PalateWire
import TestKit

// Requests and responses about fields, and what filters and groups add to others.
extension RandomMessages {
    mutating func fieldRequest(kind: Int) -> Request {
        switch kind {
        case 0:
            .declareFields(
                handle: half(),
                fields: (0..<number(0...5)).map { _ in declaration() }
            )
        case 1: .listFields(handle: half())
        case 2:
            .count(
                CountRequest(
                    handle: half(),
                    filter: filter(),
                    facets: fieldIDs(0...4),
                    facetLimit: number(Limits.facetValues)
                )
            )
        case 3: .scroll(scroll())
        default:
            .deleteMatching(
                handle: half(),
                filter: filter(),
                limit: number(1...Limits.idsPerRequest.upperBound)
            )
        }
    }

    mutating func fieldResponse(kind: Int) -> Response {
        switch kind {
        case 0, 4:
            .fields(
                opcode: (kind == 0 ? Opcode.fieldsDeclare : .fieldsList).rawValue,
                (0..<number(0...4)).map { _ in figures() }
            )
        case 1: .counted(counted())
        case 2: .scrolled(page())
        default: .deletedMatching(receipt())
        }
    }

    private mutating func fieldIDs(_ range: ClosedRange<Int>) -> [FieldID] {
        (0..<number(range)).map { _ in FieldID(number(1...65_535)) }
    }

    mutating func declaration() -> FieldDeclaration {
        FieldDeclaration(
            name(),
            choice(FieldType.self),
            path: flag() ? "" : "/" + text(0...20),
            id: FieldID(number(0...65_535))
        )
    }

    private mutating func figures() -> FieldFigures {
        FieldFigures(
            declaration: declaration(),
            isReady: flag(),
            valued: word(),
            missing: word(),
            mistyped: word(),
            distinct: word(),
            bytes: word()
        )
    }

    mutating func filter(depth: Int = 3) -> Filter {
        switch number(depth > 0 ? 0...9 : 3...9) {
        case 0: .and((0..<number(0...3)).map { _ in filter(depth: depth - 1) })
        case 1: .or((0..<number(0...3)).map { _ in filter(depth: depth - 1) })
        case 2: .not(filter(depth: depth - 1))
        case 3: .all
        case 4: .items(words(number(0...5)))
        default: .field(FieldID(number(1...65_535)), test())
        }
    }

    private mutating func test() -> FieldTest {
        switch number(0...7) {
        case 0: .exists
        case 1: .keywords((0..<number(0...3)).map { _ in text(0...9) })
        case 2: .integers((0..<number(0...3)).map { _ in Int64(bitPattern: word()) })
        case 3: .integerRange(-Int64(word() >> 2) - 1...Int64(word() >> 2))
        case 4: .floatRange(-Double(number(1...99)) / 8...Double(number(1...99)) / 8)
        case 5: .bool(flag())
        case 6:
            .box(
                GeoBox(
                    south: -Double(number(1...90)),
                    north: Double(number(1...90)),
                    west: Double(number(1...180)),
                    east: -Double(number(1...180))
                )
            )
        default: .within(meters: Double(number(1...9_999)), of: point())
        }
    }

    private mutating func point() -> GeoPoint {
        GeoPoint(latitude: Double(number(1...90)), longitude: -Double(number(1...180)))
    }

    /// Values of one kind, some of them missing.
    mutating func values(_ count: Int) -> [FieldValue?] {
        let kind = number(0...5)
        return (0..<count).map { _ in flag() ? value(kind) : nil }
    }

    private mutating func value(_ kind: Int) -> FieldValue {
        switch kind {
        case 0: .keyword(text(0...9))
        case 1: .keywords((0..<number(0...3)).map { _ in text(0...9) })
        case 2: .integer(Int64(bitPattern: word()))
        case 3: .float(Double(number(1...9_999)) / 8)
        case 4: .bool(flag())
        default: .geo(point())
        }
    }

    mutating func columns(_ count: Int) -> [FieldColumn] {
        (0..<number(0...3)).map { _ in
            FieldColumn(field: FieldID(number(1...65_535)), values: values(count))
        }
    }

    private mutating func scroll() -> ScrollRequest {
        ScrollRequest(
            handle: half(),
            filter: filter(),
            order: flag() ? FieldID(number(1...65_535)) : nil,
            isDescending: flag(),
            limit: number(Limits.scrollItems),
            after: flag() ? cursor() : nil,
            fields: fieldIDs(0...4),
            wantsPayloads: flag()
        )
    }

    private mutating func cursor() -> ScrollRequest.Cursor {
        ScrollRequest.Cursor(item: word(), key: flag() ? Int64(bitPattern: word()) : nil)
    }

    private mutating func page() -> ScrollResponse {
        var page = ScrollResponse()
        let count = number(0...5)
        page.ids = words(count)
        page.fields = (0..<number(0...3)).map { _ in values(count) }
        page.payloads = flag() ? (0..<count).map { _ in bytes(0...20) } : []
        page.next = flag() ? cursor() : nil
        return page
    }

    private mutating func counted() -> CountResponse {
        var counted = CountResponse()
        counted.count = word()
        counted.appliedVersion = word()
        counted.facets = (0..<number(0...3)).map { _ in
            let kind = flag() ? 0 : 4
            return (0..<number(0...4)).map { _ in
                CountResponse.FacetValue(value: value(kind), count: word())
            }
        }
        return counted
    }

    mutating func fieldBoosts() -> [FieldBoost] {
        (0..<number(0...3)).map { _ in
            FieldBoost(
                field: FieldID(number(1...65_535)),
                curve: choice(FieldBoost.Curve.self),
                weight: generator.normal(),
                origin: flag() ? Double(number(1...9_999)) : nil,
                place: flag() ? point() : nil,
                scale: Double(number(1...99)),
                offset: Double(number(1...99)),
                decay: Double(number(1...9)) / 16
            )
        }
    }

    /// Adds what fields have to do with a search.
    mutating func addFields(to search: inout SearchRequest) {
        if flag() { search.filter = filter() }
        if flag() { search.fieldBoosts = fieldBoosts() }
        if flag() { search.fields = fieldIDs(1...4) }
        if flag() {
            search.spacing = SpacingRequest(
                field: FieldID(number(1...65_535)),
                weight: Float(number(1...99)),
                window: number(Limits.spacingWindow)
            )
        }
        guard flag() else { return }
        search.group = GroupRequest(
            field: FieldID(number(1...65_535)),
            cap: number(Limits.groupCap)
        )
    }

    mutating func plan() -> PlanReport {
        var plan = PlanReport(
            strategy: choice(SearchStrategy.self),
            beamWidth: half(),
            candidates: half(),
            rescored: half(),
            matches: word(),
            rows: word(),
            scanNanoseconds: generator.normal(),
            walkNanoseconds: generator.normal(),
            slotNanoseconds: generator.normal()
        )
        plan.rounds = half()
        return plan
    }
}

package import PalateModel

/// Filters as people write them: `ships in ["br", "pt"] and price < 40 and not seller = 17`.
///
/// | form                                        | holds for items                              |
/// |---------------------------------------------|----------------------------------------------|
/// | `all`                                       | all of them                                  |
/// | `FIELD = V`, `< V`, `<= V`, `> V`, `>= V`   | whose value compares so                      |
/// | `FIELD in [V, V]`                           | whose value, or one of it, is among these    |
/// | `FIELD`                                     | whose bool value is true                     |
/// | `exists FIELD`                              | with a value                                 |
/// | `near(FIELD, LAT, LON, 3km)`                | at most so far away; m and km                |
/// | `inside(FIELD, SOUTH, WEST, NORTH, EAST)`   | in the box, degrees                          |
/// | `id = N`, `id in [N, N]`                    | of these ids                                 |
/// | `not F`, `F and F`, `F or F`, `( F )`       | binding in this order                        |
///
/// `!=` and `not in` are `not` around `=` and `in`: items without a value pass them. Nobody is in
/// `[]`. Word operators are spelled in either case; a field whose name is one of them stands
/// between backticks.
///
/// Values are numbers (`-1_000`, `2.5`, `1e3`; of floats also `inf`), words, text between quotes,
/// `true` and `false`; times are milliseconds since 1970 or quoted text as RFC 3339 has it. In
/// quotes a backslash stands before a quote, a backtick or a backslash, and in `\n`, `\r`, `\t`
/// and `\u{1F98A}`.
///
/// | file                     | job                                                       |
/// |--------------------------|-----------------------------------------------------------|
/// | `FilterLexer`            | cuts a text into tokens (`FilterToken`)                   |
/// | `FilterParser`           | reads tokens: structure here, tests in `+Tests`           |
/// | `FilterValues`           | makes values of tokens, and tests of values               |
/// | `DecimalLiteral`         | numbers, without loss                                     |
/// | `Filter+Joining`         | `and` and `or` without nesting                            |
/// | `FilterPrinter`          | filters as text again                                     |
/// | `FilterExpressionError`  | what was wrong, with a caret                              |
package enum FilterExpression {
    /// Understands an expression.
    ///
    /// - Parameters:
    ///   - text: the expression.
    ///   - fields: the collection's.
    /// - Returns: a filter within the limits: no `and` within an `and`, no `or` within an `or`, and
    ///   `F >= a and F <= b`, side by side in this order, as one range.
    /// - Throws: what was got, what was expected, and where.
    package static func parse(
        _ text: String,
        fields: [FieldDeclaration]
    ) throws(FilterExpressionError) -> Filter {
        var parser = try FilterParser(text, fields: fields)
        return try parser.parse()
    }

    /// Writes a filter as an expression.
    ///
    /// What `parse` returned comes back the same from its text; any other filter comes back with
    /// the same meaning.
    ///
    /// - Parameters:
    ///   - filter: one within the limits.
    ///   - fields: the collection's; a field that is not among them is written as its number, which
    ///     `parse` refuses.
    /// - Returns: text for one line.
    package static func text(of filter: Filter, fields: [FieldDeclaration]) -> String {
        FilterPrinter(fields: fields).text(filter)
    }

    /// Words that are no field's name unless they stand between backticks.
    static let operators: Set<String> = [
        "all", "and", "exists", "id", "in", "inside", "near", "not", "or",
    ]
}

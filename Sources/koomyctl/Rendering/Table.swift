/// Rows under headings, in as many columns as there is room for.
struct Table {
    struct Column {
        var heading: String
        /// Numbers stand to the right.
        var isNumeric = false
        /// The column of the lowest rank is left out first; those of `Int.max` never.
        var rank = Int.max
        /// A column that may be cut down to this many characters before anything is left out.
        var leastWidth: Int?
    }

    struct Cell {
        var text: String
        var style = Style.plain

        init(_ text: String, _ style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    private static let gap = 2

    var columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// The lines of the table, none wider than the screen unless even its indispensable columns are.
    func lines(on screen: Screen) -> [String] {
        let layout = fitted(to: screen.width)
        let headings = layout.map { Cell(columns[$0.column].heading, .bold) }
        let picked = rows.map { row in layout.map { row[$0.column] } }
        return ([headings] + picked).map { line(of: $0, layout, screen) }
    }

    private typealias Place = (column: Int, width: Int)

    private func fitted(to limit: Int?) -> [Place] {
        var layout: [Place] = columns.indices.map { index in
            let widths = rows.map { TextWidth.of($0[index].text) }
            return (index, max(columns[index].heading.count, widths.max() ?? 0))
        }
        guard let limit else { return layout }
        while true {
            let excess = layout.reduce(0) { $0 + $1.width } + Self.gap * (layout.count - 1) - limit
            guard excess > 0 else { return layout }
            if let flexible = layout.firstIndex(where: { place in
                columns[place.column].leastWidth.map { place.width - excess >= $0 } ?? false
            }) {
                layout[flexible].width -= excess
                return layout
            }
            let ranks = layout.map { columns[$0.column].rank }
            guard let least = ranks.min(), least < Int.max, let index = ranks.firstIndex(of: least) else {
                return layout
            }
            layout.remove(at: index)
        }
    }

    private func line(of cells: [Cell], _ layout: [Place], _ screen: Screen) -> String {
        var line = ""
        for (index, (cell, place)) in zip(cells, layout).enumerated() {
            let text = TextWidth.cut(cell.text, to: place.width, mark: screen.ellipsis)
            let padding = String(repeating: " ", count: max(0, place.width - TextWidth.of(text)))
            let styled = screen.styled(text, cell.style)
            if index > 0 { line += String(repeating: " ", count: Self.gap) }
            if columns[place.column].isNumeric {
                line += padding + styled
            } else {
                // Nothing but line ends follows the last column.
                line += index == layout.count - 1 ? styled : styled + padding
            }
        }
        return line
    }
}

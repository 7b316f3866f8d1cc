/// Where the text that libyaml is given differs from the file: pairs of positions of the same token, in scalars.
struct PositionMap: Sendable {
    private var anchors: [(text: Int, file: Int)] = []

    /// Notes that position `text` of the text stands for position `file` of the file; both only grow.
    mutating func note(text: Int, file: Int) {
        if let last = anchors.last, text - last.text == file - last.file { return }
        anchors.append((text, file))
    }

    func original(_ range: Range<Int>) -> Range<Int> {
        let start = original(range.lowerBound)
        return start..<max(start, original(range.upperBound))
    }

    private func original(_ position: Int) -> Int {
        var low = 0
        var high = anchors.count
        while low < high {
            let middle = (low + high) / 2
            if anchors[middle].text <= position { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return position }
        let anchor = anchors[low - 1]
        let shifted = anchor.file + position - anchor.text
        // An escape can make a token longer in the text than in the file; it never reaches past the next one.
        return low < anchors.count ? min(shifted, anchors[low].file) : shifted
    }
}

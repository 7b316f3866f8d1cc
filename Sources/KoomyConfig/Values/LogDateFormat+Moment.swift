package import KoomyModel

extension LogDateFormat {
    /// Reads a format as an ecosystem file has it; nil for what such a file may not have.
    package init?(moment text: String) {
        guard let format = try? MomentFormat.parse(text) else { return nil }
        self = format
    }
}

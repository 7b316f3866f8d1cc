/// Why a text has no tree: nothing after this place could be read.
struct SyntaxProblem: Error, Hashable {
    let place: SourceText.Place
    let message: String
    var hint: String?
}

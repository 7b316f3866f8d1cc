/// Why a text is no value of its kind.
struct ValueProblem: Error, Hashable {
    let message: String
    var hint: String?
}

/// Reading what an earlier or a later release wrote: keys that are not known are passed over, and where a key is missing
/// the property keeps its default.
///
/// A type that is kept on disk, or handed to the next koomyd, reads each property that has a default by one line of `read`
/// in its `init(from:)`; one without is required. Adding a property with a default later takes one more line.
extension KeyedDecodingContainer {
    /// Replaces a default by what is written under a key, if anything is.
    ///
    /// - Throws: `DecodingError` where something is written and cannot be understood.
    package func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
        if let found = try decodeIfPresent(Value.self, forKey: key) { value = found }
    }

    /// What is written under a key that has to be there.
    package func read<Value: Decodable>(_ key: Key) throws -> Value { try decode(Value.self, forKey: key) }
}

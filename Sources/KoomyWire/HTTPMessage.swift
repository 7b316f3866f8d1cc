/// The header section of a message, in the order in which it came.
package struct HTTPHeaders: Hashable, Sendable {
    /// One line of it.
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var fields: [Field] = []

    package init(_ fields: [Field] = []) { self.fields = fields }

    /// The first value of a name, whatever its case.
    package subscript(name: String) -> String? { values(of: name).first }

    /// Every value of a name, whatever its case.
    package func values(of name: String) -> [String] {
        let wanted = name.utf8.map(\.lowercasedASCII)
        return fields.filter { $0.name.utf8.elementsEqual(wanted) { $0.lowercasedASCII == $1 } }.map(\.value)
    }

    /// The elements of every comma-separated value of a name, in lower case.
    package func tokens(of name: String) -> [String] {
        values(of: name).flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            .map { $0.trimmingBlanks().lowercased() }
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0, value: $1) }
    }
}

/// What stands above the body of a request.
package struct HTTPRequestHead: Hashable, Sendable {
    package var method: String
    /// As it was sent: usually a path and a query.
    package var target: String
    /// 0 or 1: the one after `HTTP/1.`.
    package var minorVersion: Int
    package var headers: HTTPHeaders

    package init(method: String, target: String, minorVersion: Int = 1, headers: HTTPHeaders = [:]) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.headers = headers
    }
}

/// What stands above the body of a response.
package struct HTTPResponseHead: Hashable, Sendable {
    /// 100 to 999.
    package var status: Int
    package var reason: String
    /// 0 or 1: the one after `HTTP/1.`.
    package var minorVersion: Int
    package var headers: HTTPHeaders

    package init(status: Int, reason: String = "", minorVersion: Int = 1, headers: HTTPHeaders = [:]) {
        self.status = status
        self.reason = reason
        self.minorVersion = minorVersion
        self.headers = headers
    }
}

extension HTTPRequestHead {
    /// The request as it goes out, with its length where it has a body.
    ///
    /// - Throws: Where the method, the target or a header could not be read back as what it is, so that text from
    ///   elsewhere cannot smuggle a line in.
    package func serialized(body: [UInt8]? = nil) throws(HTTPParsingError) -> [UInt8] {
        guard HTTPGrammar.isToken(method.utf8), HTTPGrammar.isTarget(target.utf8) else { throw .invalidStartLine }
        var text = "\(method) \(target) HTTP/1.\(minorVersion)\r\n"
        for field in headers.fields {
            guard HTTPGrammar.isToken(field.name.utf8) else { throw .invalidHeaderName }
            guard HTTPGrammar.isFieldValue(field.value.utf8) else { throw .controlCharacter }
            text += "\(field.name): \(field.value)\r\n"
        }
        if let body { text += "Content-Length: \(body.count)\r\n" }
        return Array((text + "\r\n").utf8) + (body ?? [])
    }
}

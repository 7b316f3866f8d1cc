import KoomySystem
import KoomyWire
import Testing

@testable import KoomySupervisor

@Suite("the control server's routes")
struct ControlRoutesTests {
    @Test func `status is the delegate's, as one line of JSON`() throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("GET", "/v1/status")
        #expect(answer.status == 200)
        #expect(answer.head.headers["Content-Type"] == "application/json")
        #expect(answer.text.last == "\n" && answer.lines.count == 1)
        #expect(try WireCoding.decode(StatusView.self, from: answer.body) == fixture.delegate.status())
    }

    @Test func `an answer of many megabytes arrives whole`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.apps[0].reason = String(repeating: "x", count: 4 << 20)
        let answer = try fixture.ask("GET", "/v1/status")
        #expect(try WireCoding.decode(StatusView.self, from: answer.body) == fixture.delegate.status())
    }

    @Test func `the version tells schema and daemon`() throws {
        let answer = try ControlFixture().ask("GET", "/v1/version")
        #expect(answer.text == #"{"api":"v1","pid":42,"schema":1,"version":"1.2.3"}"# + "\n")
    }

    @Test func `the index lists every route, and each of them exists`() throws {
        let fixture = try ControlFixture()
        let json = try WireCoding.decode(JSONValue.self, from: fixture.ask("GET", "/v1").body)
        guard case .array(let endpoints)? = json["endpoints"] else {
            Issue.record("no endpoints in \(json)")
            return
        }
        #expect(endpoints.count == 25)
        for endpoint in endpoints {
            guard case .string(let path)? = endpoint["path"], case .array(let methods)? = endpoint["methods"],
                case .string(let method)? = methods.first
            else {
                Issue.record("not an endpoint: \(endpoint)")
                return
            }
            // A body that no command takes: known routes complain of it, and nothing is begun.
            let body = method == "POST" ? "[]" : nil
            let answer = try fixture.ask(method, path.replacing("NAME", with: "api"), body: body)
            #expect(answer.status == (method == "POST" ? 400 : 200), "\(method) \(path)")
        }
        #expect(fixture.delegate.commands.isEmpty)
    }

    @Test func `what the doctor finds is the delegate's`() throws {
        let fixture = try ControlFixture()
        let strangers = DoctorCheck("strangers", .warning, message: "2 processes are nobody's", hint: "look")
        fixture.delegate.findings = DoctorView(checks: [strangers])
        let answer = try fixture.ask("GET", "/v1/doctor")
        #expect(answer.status == 200 && answer.head.headers["Content-Type"] == "application/json")
        #expect(try WireCoding.decode(DoctorView.self, from: answer.body) == fixture.delegate.findings)
        fixture.delegate.permitsReading = false
        #expect(try fixture.ask("GET", "/v1/doctor").status == 403)
    }

    @Test func `an app comes with its spec`() throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("GET", "/v1/apps/api")
        let app = try WireCoding.decode(KoomyWire.AppView.self, from: answer.body)
        #expect(app.name == "api" && app.spec?["name"] == .string("api"))
        #expect(try fixture.ask("GET", "/v1/apps/%61pi").status == 200)
    }

    @Test(arguments: [
        ("apj", "did you mean \"api\"?"), ("DESK", "did you mean \"desk\"?"),
        ("payments", "known apps: api, desk"),
    ])
    func `an app that is not known gets a hint`(name: String, hint: String) throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("GET", "/v1/apps/\(name)")
        #expect(answer.status == 404)
        let error = try fixture.error(in: answer)
        #expect(error == ErrorView(.noSuchApp, message: "no app is named \"\(name)\"", hint: hint))
        #expect(error.exitCode == 2)
    }

    @Test(arguments: [
        "/", "/v1/", "/v2", "/v1/apps", "/v1/apps/", "/v1/apps/api/x", "/v1/daemon", "/v1/daemon/", "/v1//status",
        "/v1/daemon%2Fstop", "/v1/status/", "/v1/Start", "*",
    ])
    func `what does not exist is not found`(path: String) throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask("GET", path)
        #expect(answer.status == 404)
        #expect(answer.head.headers["Content-Type"] == "application/json")
        #expect(try fixture.error(in: answer).code == "not_found")
    }

    @Test(arguments: [("POST", "/v1/status", "GET, HEAD"), ("GET", "/v1/stop", "POST"), ("PATCH", "/v1", "GET, HEAD")])
    func `another method is answered with those that are allowed`(method: String, path: String, allow: String) throws {
        let fixture = try ControlFixture()
        let answer = try fixture.ask(method, path, body: method == "GET" ? nil : "{}")
        #expect(answer.status == 405)
        #expect(answer.head.headers["Allow"] == allow)
        #expect(try fixture.error(in: answer).code == "method_not_allowed")
        #expect(answer.text.last == "\n")
    }

    @Test(arguments: ["/v1", "/v1/version", "/v1/status", "/v1/apps/api"])
    func `HEAD has the head of GET, and no body`(path: String) throws {
        let fixture = try ControlFixture()
        let head = try fixture.ask("HEAD", path)
        let get = try fixture.ask("GET", path)
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head.head.headers["Content-Length"] == "\(get.body.count)")
        #expect(head.head.headers["Content-Type"] == get.head.headers["Content-Type"])
    }

    @Test func `HEAD of events ends at once`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.remembered = [EventView(1)]
        let answer = try fixture.ask("HEAD", "/v1/events?follow=1")
        #expect(answer.status == 200 && answer.body.isEmpty)
        #expect(answer.head.headers["Content-Type"] == "application/x-ndjson")
    }

    @Test func `a status with a number that JSON has not is a fault that is told`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.apps[0].workers = [WorkerView(slot: 0, state: "ready", generation: 1, cpu: .nan)]
        let answer = try fixture.ask("GET", "/v1/status")
        #expect(answer.status == 500)
        #expect(try fixture.error(in: answer).exitCode == 70)
    }

    @Test func `whoever may not look is told so`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.permitsReading = false
        for path in ["/v1/status", "/v1/nothing", "/v1/events?follow=1"] {
            let answer = try fixture.ask("GET", path)
            #expect(answer.status == 403)
            let error = try fixture.error(in: answer)
            #expect(error.code == "not_permitted" && error.exitCode == 10)
            #expect(error.message == "user \(ThisProcess.userID) may not look at anything here")
        }
    }

    @Test func `whoever may look only cannot change anything`() throws {
        let fixture = try ControlFixture()
        fixture.delegate.permitsChanging = false
        #expect(try fixture.ask("GET", "/v1/status").status == 200)
        let answer = try fixture.ask("POST", "/v1/stop", body: #"{"targets":["all"]}"#)
        #expect(answer.status == 403)
        #expect(try fixture.error(in: answer).exitCode == 10)
        #expect(fixture.delegate.commands.isEmpty)
    }
}

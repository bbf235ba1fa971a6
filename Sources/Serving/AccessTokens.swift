import Crypto
import Foundation
import HTTPTypes
import Synchronization

/// Who may do what: a file of bearer tokens, read again when it changes.
///
/// A line is `PURPOSE NAME SHA256 [SOURCE]`: what the token is for (`write`, `read` or `metrics`), a name for the log, the SHA-256 of the
/// token in hexadecimal digits, and for a writer the one `source` it may write for. `#` begins a comment. The file holds no token.
package final class AccessTokens: Sendable {
  package enum Purpose: String, CaseIterable, Sendable {
    case write, read, metrics
  }

  struct Token: Sendable {
    var purpose: Purpose
    var name: String
    var digest: [UInt8]
    var source: String?
  }

  /// Why a file is not one of tokens; never repeats what stands in it.
  package struct Fault: Error, CustomStringConvertible {
    package var description: String
  }

  private struct State {
    var tokens: [Token]
    var modified: FileStamp?
    var looked: ContinuousClock.Instant
  }

  private struct FileStamp: Equatable {
    var time: Date
    var size: Int
    var node: Int
  }

  private let path: String
  private let report: @Sendable (String, Fault?) -> Void
  private let state: Mutex<State>

  /// How often the file is looked at.
  private static let lookedAfter = Duration.seconds(1)

  /// - Parameter report: told, without a word of it, when a changed file was read, or why not.
  package init(path: String, report: @escaping @Sendable (_ event: String, _ fault: Fault?) -> Void) throws {
    self.path = path
    self.report = report
    state = Mutex(State(tokens: try Self.read(path), modified: Self.stamp(path), looked: .now))
  }

  /// The token of a header, if it may do something.
  ///
  /// - Throws: ``RequestFault`` 401 without a token that is known, 403 for one that is for something else.
  func check(_ authorization: String?, for purpose: Purpose) throws -> Token {
    let known = tokens()
    guard let authorization, authorization.lowercased().hasPrefix("bearer ") else {
      throw RequestFault(.unauthorized, "no_token", "send Authorization: Bearer TOKEN", endsConnection: true)
    }
    let digest = Array(SHA256.hash(data: Array(authorization.dropFirst("bearer ".count).utf8.drop { $0 == 0x20 })))
    // All are compared, each to its end: how long that takes tells nothing of any.
    var found: [Token] = []
    for token in known {
      var difference: UInt8 = 0
      for (left, right) in zip(token.digest, digest) { difference |= left ^ right }
      if difference == 0 { found.append(token) }
    }
    guard !found.isEmpty else { throw RequestFault(.unauthorized, "unknown_token", "this token is not known", endsConnection: true) }
    guard let token = found.first(where: { $0.purpose == purpose }) else {
      throw RequestFault(.forbidden, "wrong_token", "this token is not for \(purpose == .write ? "writing" : purpose == .read ? "reading" : "metrics")", endsConnection: true)
    }
    return token
  }

  private func tokens() -> [Token] {
    state.withLock { state in
      guard state.looked.duration(to: .now) >= Self.lookedAfter else { return state.tokens }
      state.looked = .now
      let stamp = Self.stamp(path)
      // A file that is being written, or is gone, leaves what was known; its end is another change.
      guard stamp != state.modified else { return state.tokens }
      state.modified = stamp
      do {
        state.tokens = try Self.read(path)
        report("tokens were read again", nil)
      } catch {
        report("tokens could not be read again; those that were known stay", error as? Fault)
      }
      return state.tokens
    }
  }

  private static func stamp(_ path: String) -> FileStamp? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path), let time = attributes[.modificationDate] as? Date else { return nil }
    return FileStamp(time: time, size: (attributes[.size] as? NSNumber)?.intValue ?? 0, node: (attributes[.systemFileNumber] as? NSNumber)?.intValue ?? 0)
  }

  private static func read(_ path: String) throws -> [Token] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw Fault(description: "cannot read the tokens in \(path); check the name and its permissions")
    }
    var tokens: [Token] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
      if words.isEmpty || words[0].hasPrefix("#") { continue }
      guard (3...4).contains(words.count), let purpose = Purpose(rawValue: String(words[0])), let digest = digest(words[2]),
        words.count == 3 || purpose == .write
      else {
        throw Fault(description: "\(path):\(index + 1): a line is PURPOSE NAME SHA256 [SOURCE], with write, read or metrics for PURPOSE, and a SOURCE for write alone")
      }
      tokens.append(Token(purpose: purpose, name: String(words[1]), digest: digest, source: words.count == 4 ? String(words[3]) : nil))
    }
    return tokens
  }

  private static func digest(_ text: Substring) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: 64, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}

import Foundation
import Records
import Testing

@Suite struct FollowedFileTests {
  /// What is stored of what a file held before it was emptied says nothing of what it holds now.
  @Test func placesAfterTruncation() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "followed-\(UUID()).log").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("old line 1\nold line 2\n".utf8).write(to: URL(filePath: path))
    let file = FollowedFile(path: path, bounds: FollowedBounds(), isInterrupted: { false }, say: { _ in })
    try file.open(from: nil)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
    defer { buffer.deallocate() }
    #expect(try file.read(into: buffer, within: nil) == 22)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data("a new line that is longer than both\n".utf8))
    #expect(try file.read(into: buffer, within: nil) == 36)
    #expect(try file.read(into: buffer, within: 10) == nil)
    file.store(upTo: 22, line: 2)
    let places = { file.hint(fingerprint: 0, notedAt: 0).places }
    #expect(places().map(\.offset) == [0])
    file.store(upTo: 58, line: 3)
    #expect(places().map(\.offset) == [36] && places().map(\.lines) == [1])
  }
}

/// Files that are followed by a clock that tests drive.
private final class Followed {
  let folder = FileManager.default.temporaryDirectory.appending(path: "followed-\(UUID())")
  var path: String { folder.appending(path: "app.log").path }
  private final class Clock {
    var now = ContinuousClock.now
  }
  private let clock = Clock()
  let file: FollowedFile
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)

  init(_ bounds: FollowedBounds) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    file = FollowedFile(path: folder.appending(path: "app.log").path, bounds: bounds, isInterrupted: { false }, say: { _ in }, now: { [clock] in clock.now })
  }

  deinit {
    buffer.deallocate()
    try? FileManager.default.removeItem(at: folder)
  }

  func append(_ text: String, to name: String = "app.log") throws {
    let path = folder.appending(path: name).path
    if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
  }

  func rename(to name: String) throws { try FileManager.default.moveItem(atPath: path, toPath: folder.appending(path: name).path) }

  /// What comes after a time, without waiting for more.
  func read(after seconds: Double = 0.1) throws -> String {
    clock.now += .seconds(seconds)
    return try file.read(into: buffer, within: 0).map { String(decoding: buffer[..<$0], as: UTF8.self) } ?? ""
  }

  var places: [FollowedPlace] { file.hint(fingerprint: 0, notedAt: 0).places }
}

@Suite struct FollowedFilesTests {
  /// However busy the log is.
  @Test func renamedFilesAreGivenUp() throws {
    var bounds = FollowedBounds()
    bounds.renamedFilesMax = 2
    let followed = try Followed(bounds)
    try followed.append("first\n")
    try followed.file.open(from: nil)
    var given = try followed.read()
    for number in 0..<20 {
      try followed.append("line \(number)\n")
      try followed.rename(to: "app.log.\(number)")
      try followed.append("next\n")
      for _ in 0..<2 {
        let piece = try followed.read()
        #expect(!piece.isEmpty)
        given += piece
      }
      followed.file.store(upTo: UInt64(given.utf8.count), line: UInt64(given.utf8.count { $0 == 0x0A }))
    }
    #expect(followed.places.count { $0.closedBytes == nil } <= 4)
  }

  /// What was read of it is not stored yet: a run that goes on from here reads it again.
  @Test func placesOfAFileThatGrowsAfterAll() throws {
    let followed = try Followed(FollowedBounds())
    try followed.append("line 1\n")
    try followed.file.open(from: nil)
    #expect(try followed.read() == "line 1\n")
    try followed.append("half")
    try followed.rename(to: "app.log.1")
    try followed.append("new\n")
    #expect(try followed.read() == "new\n")
    #expect(try followed.read(after: 3_601) + followed.read() + followed.read() == "half\n")
    try followed.append(" and whole\n", to: "app.log.1")
    #expect(try followed.read(after: 6) == "half and whole\n")
    #expect(followed.places.contains { $0.offset == 0 && $0.closedBytes == nil && $0.identity.headBytes > 4 })
    followed.file.store(upTo: 16, line: 3)
    #expect(followed.places.map(\.offset).sorted() == [4, 7])
    followed.file.store(upTo: 31, line: 4)
    #expect(followed.places.map(\.offset).sorted() == [4, 22] && followed.places.allSatisfy { $0.closedBytes == nil })
  }

  /// Nobody has looked at it since: a later run must not go on in the middle of what it holds now.
  @Test func placesOfAFileThatWasEmptiedAMomentAgo() throws {
    let followed = try Followed(FollowedBounds())
    let banner = String(repeating: "=", count: 300) + "\n"
    try followed.append(banner + "old 1\n")
    try followed.file.open(from: nil)
    #expect(try followed.read() == banner + "old 1\n")
    followed.file.store(upTo: 307, line: 2)
    #expect(followed.places.map(\.offset) == [307])
    let handle = try #require(FileHandle(forWritingAtPath: followed.path))
    try handle.truncate(atOffset: 0)
    try followed.append(banner + "new 1 is longer\nnew 2\n")
    let hint = followed.file.hint(fingerprint: 0, notedAt: 0)
    let later = FollowedFile(path: followed.path, bounds: FollowedBounds(), isInterrupted: { false }, say: { _ in })
    try later.open(from: hint)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 1)
    defer { buffer.deallocate() }
    #expect(try later.read(into: buffer, within: nil) == banner.utf8.count + 22)
  }

  @Test func placesOfAFileThatWasGivenUp() throws {
    let followed = try Followed(FollowedBounds())
    try followed.append("line 1\nhalf")
    try followed.file.open(from: nil)
    #expect(try followed.read() == "line 1\n")
    try followed.rename(to: "app.log.1")
    try followed.append("new\n")
    #expect(try followed.read() == "new\n")
    #expect(try followed.read(after: 3_601) + followed.read() + followed.read() == "half\n")
    followed.file.store(upTo: 11, line: 2)
    #expect(followed.places.map(\.closedBytes) == [nil, nil])
    followed.file.store(upTo: 16, line: 3)
    let given = try #require(followed.places.first { $0.closedBytes != nil })
    #expect(given.closedBytes == 11 && given.offset == 7 && given.lines == 1)
  }
}

@Suite struct FollowedHintTests {
  static let identity = FollowedIdentity(number: FollowedIdentity.Number(device: 2_049, inode: .max), headBytes: 256, headChecksum: .max)
  static let hint = FollowedHint(
    fingerprint: 7, notedAt: 1_768_000_000_000_000,
    places: [
      FollowedPlace(identity: identity, folder: "/var/log/a b:c;d|e%f\n日/", offset: .max, lines: .max, tailChecksum: .max),
      FollowedPlace(identity: FollowedIdentity(number: FollowedIdentity.Number(device: 0, inode: 1), headBytes: 0, headChecksum: 0), folder: "./", offset: 0, lines: 0, tailChecksum: 0, closedBytes: 5),
    ], others: [identity, identity])

  @Test func textIsReadBack() throws {
    #expect(FollowedHint(text: Self.hint.text) == Self.hint)
    var bare = Self.hint
    (bare.places, bare.others) = ([], [])
    #expect(FollowedHint(text: bare.text) == bare && bare.text == "3:7:1768000000000000|")
    #expect(Self.hint.rereading.places.map(\.offset) == [0, 0] && Self.hint.rereading.places[1] == Self.hint.places[1] && Self.hint.rereading.others == Self.hint.others)
  }

  /// No part of one, and none that another version wrote.
  @Test func textThatIsNone() throws {
    let text = Self.hint.text
    let bar = try #require(text.lastIndex(of: "|"))
    let cut = text[...bar].indices.map { String(text[..<$0]) }
    for wrong in cut + ["|", "2:7:1768000000000000|", text + "|", text.replacing("256", with: "257"), text.replacing("%3b", with: "%zz")] {
      #expect(FollowedHint(text: wrong) == nil, "\(wrong)")
    }
  }
}

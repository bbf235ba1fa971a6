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

@Suite struct FollowedHintTests {
  static let identity = FollowedIdentity(number: FollowedIdentity.Number(device: 2_049, inode: .max), headBytes: 256, headChecksum: .max)
  static let hint = FollowedHint(
    fingerprint: 7, notedAt: 1_768_000_000_000_000,
    places: [
      FollowedPlace(identity: identity, folder: "/var/log/a b:c;d|e%f\n日/", offset: .max, lines: .max),
      FollowedPlace(identity: FollowedIdentity(number: FollowedIdentity.Number(device: 0, inode: 1), headBytes: 0, headChecksum: 0), folder: "./", offset: 0, lines: 0, closedBytes: 5),
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

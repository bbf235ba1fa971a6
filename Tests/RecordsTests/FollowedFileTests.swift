import Foundation
import Records
import Testing

@Suite struct FollowedFileTests {
  /// What is stored of what a file held before it was emptied says nothing of what it holds now.
  @Test func placesAfterTruncation() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "followed-\(UUID()).log").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("old line 1\nold line 2\n".utf8).write(to: URL(filePath: path))
    let file = FollowedFile(path: path, isInterrupted: { false }, say: { _ in })
    try file.open(from: nil)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
    defer { buffer.deallocate() }
    #expect(try file.read(into: buffer) == 22)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data("a new line that is longer than both\n".utf8))
    #expect(try file.read(into: buffer) == 36)
    file.store(upTo: 22, line: 2)
    #expect(file.places.map(\.offset) == [0])
    file.store(upTo: 58, line: 3)
    #expect(file.places.map(\.offset) == [36] && file.places.map(\.lines) == [1])
  }
}

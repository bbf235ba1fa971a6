import Foundation
import Records
import Testing
import Verdicts

/// Gives bytes in portions of a chosen size.
private final class PortionedBytes: ByteSource {
  private var rest: ArraySlice<UInt8>
  private let portion: Int

  init(_ bytes: [UInt8], portion: Int) {
    rest = bytes[...]
    self.portion = portion
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, within milliseconds: Int32?) throws -> Int? {
    let count = min(portion, rest.count, buffer.count)
    buffer.copyBytes(from: rest.prefix(count))
    rest = rest.dropFirst(count)
    return count
  }
}

private func lines(_ bytes: [UInt8], portion: Int, max: Int = 16) -> [String] {
  var reader = LineReader(GzipBytes(PortionedBytes(bytes, portion: portion), name: "x"), lineBytesMax: max, now: { Timestamp(microseconds: 0) })
  var seen: [String] = []
  while true {
    switch reader.next() {
    case .line(let line): seen.append("\(reader.line)@\(reader.offset):\(String(decoding: line, as: UTF8.self))")
    case .tooLong(let length): seen.append("\(reader.line)@\(reader.offset)>\(length)")
    case .idle: seen.append("idle")
    case .end: return seen
    case .broken(let error, let cut): return seen + ["\(error.code) \(cut.map { "\($0)" } ?? "-")"]
    }
  }
}

private func gzip(_ text: String) throws -> [UInt8] {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/gzip")
  process.arguments = ["-c", "-n"]
  let input = Pipe()
  let output = Pipe()
  process.standardInput = input
  process.standardOutput = output
  try process.run()
  try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  try input.fileHandleForWriting.close()
  let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  return Array(bytes)
}

@Suite struct LineReaderTests {
  /// However the bytes arrive, the lines are the same.
  @Test(arguments: [1, 2, 3, 7, 1_000])
  func cutsLines(portion: Int) {
    #expect(lines(Array("ab\r\n\nc\r\r\nlast".utf8), portion: portion) == ["1@0:ab", "2@4:", "3@5:c\r", "4@9:last"])
    #expect(lines([], portion: portion) == [])
    #expect(lines(Array("\n".utf8), portion: portion) == ["1@0:"])
  }

  @Test(arguments: [1, 2, 5, 1_000])
  func stepsOverOneByteOrderMark(portion: Int) {
    #expect(lines([0xEF, 0xBB, 0xBF] + Array("a\n".utf8), portion: portion) == ["1@3:a"])
    #expect(lines(Array("a\n".utf8) + [0xEF, 0xBB, 0xBF, 0x62], portion: portion) == ["1@0:a", "2@2:\u{FEFF}b"])
    #expect(lines([0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF], portion: portion) == ["1@3:\u{FEFF}"])
  }

  @Test(arguments: [1, 4, 1_000])
  func stepsOverLinesOverTheBound(portion: Int) {
    let exact = String(repeating: "x", count: 16)
    #expect(lines(Array("\(exact)\n\(exact)\r\n\(exact)y\nz".utf8), portion: portion) == ["1@0:\(exact)", "2@17:\(exact)", "3@35>17", "4@53:z"])
    let long = String(repeating: "y", count: 100)
    #expect(lines(Array("a\n\(long)\nb\n\(long)".utf8), portion: portion) == ["1@0:a", "2@2>100", "3@103:b", "4@105>100"])
  }

  @Test(arguments: [1, 7, 1_000])
  func readsGzipMembersAsOne(portion: Int) throws {
    let both = try gzip("one\ntw") + gzip("o\nthree")
    #expect(lines(both, portion: portion) == ["1@0:one", "2@4:two", "3@8:three"])
    #expect(lines(both + [0, 0, 0], portion: portion) == ["1@0:one", "2@4:two", "3@8:three"])
    #expect(lines(try gzip(""), portion: portion) == [])
  }

  @Test func damagedGzipGivesWhatCameBefore() throws {
    let whole = try gzip((0..<200).map { "line \($0)\n" }.joined())
    let cut = lines(Array(whole.dropLast(30)), portion: 50)
    #expect(cut.first == "1@0:line 0")
    #expect(cut.last?.hasPrefix("damaged") == true)
    #expect(cut.count > 10)
    #expect(lines(whole + Array("trailing".utf8), portion: 50).last == "damaged -")
    var wrongSum = whole
    wrongSum[whole.count - 6] ^= 1
    #expect(lines(wrongSum, portion: 1_000).last == "damaged -")
    #expect(lines([0x1F, 0x8B], portion: 10) == ["damaged -"])
    #expect(lines([0x1F], portion: 10) == ["1@0:\u{1F}"])
  }
}

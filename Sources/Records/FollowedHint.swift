import ByteCoding

/// What a run that follows a file notes for the next one, so that it goes on where this one was. Without it what has the name is read again,
/// which identity absorbs, and files that were renamed meanwhile are not read.
package struct FollowedHint: Sendable, Equatable {
  /// Of what lines are read as; a run that reads them otherwise reads them again.
  package var fingerprint: UInt32
  /// When it was noted, in microseconds since 1970.
  package var notedAt: Int64
  /// Of the file that had the name, and of those that had it before.
  package var places: [FollowedPlace]
  /// Files whose names look as if they had had the name, which were not read, or are read no more; those written to last, ``othersMax`` of them.
  package var others: [FollowedIdentity]

  /// Beyond so many, files that were last written to before the hint was noted are taken for known.
  package static let othersMax = 256
  private static let version: UInt64 = 3

  package init(fingerprint: UInt32, notedAt: Int64, places: [FollowedPlace], others: [FollowedIdentity]) {
    self.fingerprint = fingerprint
    self.notedAt = notedAt
    self.places = places
    self.others = others
  }

  /// - Parameter reading: whatever decides what lines are read as.
  package static func fingerprint(of reading: String) -> UInt32 { CRC32C.checksum(Array(reading.utf8)) }

  /// Reads the files that were open from their beginnings.
  package var rereading: FollowedHint {
    var hint = self
    hint.places = places.map { $0.closedBytes == nil ? $0.beginning : $0 }
    return hint
  }

  /// As the store keeps it: fields apart by colons, files by semicolons, places and others by a bar.
  package var text: String {
    let places = places.map { "\(Self.text($0.identity)):\($0.offset):\($0.lines):\($0.tailChecksum):\($0.closedBytes.map { "\($0)" } ?? ""):\(Self.escaped($0.folder))" }
    return (["\(Self.version):\(fingerprint):\(notedAt)"] + places).joined(separator: ";") + "|" + others.map(Self.text).joined(separator: ";")
  }

  /// Nil for what this version did not write.
  package init?(text: String) {
    let halves = text.split(separator: "|", omittingEmptySubsequences: false)
    guard halves.count == 2 else { return nil }
    let files = halves[0].split(separator: ";").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    guard let first = files.first, first.count == 3, UInt64(first[0]) == Self.version, let fingerprint = UInt32(first[1]), let notedAt = Int64(first[2]) else { return nil }
    self.init(fingerprint: fingerprint, notedAt: notedAt, places: [], others: [])
    for parts in files.dropFirst() {
      guard parts.count == 9, let identity = Self.identity(parts[..<4]), let offset = Int64(parts[4]), offset >= 0, let lines = UInt64(parts[5]),
        let tailChecksum = UInt32(parts[6]), parts[7].isEmpty || Int64(parts[7]) != nil, let folder = Self.unescaped(parts[8])
      else { return nil }
      places.append(FollowedPlace(identity: identity, folder: folder, offset: offset, lines: lines, tailChecksum: tailChecksum, closedBytes: Int64(parts[7])))
    }
    for other in halves[1].split(separator: ";") {
      guard let identity = Self.identity(other.split(separator: ":")[...]) else { return nil }
      others.append(identity)
    }
  }

  private static func text(_ identity: FollowedIdentity) -> String {
    "\(identity.number.device):\(identity.number.inode):\(identity.headBytes):\(identity.headChecksum)"
  }

  private static func identity(_ parts: ArraySlice<Substring>) -> FollowedIdentity? {
    let numbers = parts.compactMap { UInt64($0) }
    guard parts.count == 4, numbers.count == 4, numbers[2] <= UInt64(FollowedIdentity.headBytesMax), let checksum = UInt32(exactly: numbers[3]) else { return nil }
    return FollowedIdentity(number: FollowedIdentity.Number(device: numbers[0], inode: numbers[1]), headBytes: Int(numbers[2]), headChecksum: checksum)
  }

  /// With what stands between fields as percent signs and two hexadecimal digits.
  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      let isPlain = byte > 0x20 && byte < 0x7F && !"%:;|".utf8.contains(byte)
      return isPlain ? String(UnicodeScalar(byte)) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
    }.joined()
  }

  private static func unescaped(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(Substring(rest.prefix(2)), radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

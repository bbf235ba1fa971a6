#if canImport(Glibc)
import Glibc
#endif

/// From one run to the next.
extension FollowedGenerations {
  /// Opens the files that an earlier run was reading, whatever they are called by now, and those that had the name since.
  func openEarlier(_ hint: FollowedHint, _ beside: [FollowedFolder.Entry]) {
    let places = hint.places.filter { $0.closedBytes == nil }
    let closedBefore = hint.places.filter { $0.closedBytes != nil }
    known = Dictionary((hint.others + closedBefore.map(\.identity)).map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    let isComplete = hint.others.count < FollowedHint.othersMax
    let named = FollowedIdentity.Number(of: path)
    func find(_ place: FollowedPlace, where isIt: (String) -> Bool) -> String? {
      let number = place.identity.number
      if let found = ([path] + beside.filter { $0.number == number }.map(\.path)).first(where: isIt) { return found }
      // Where nothing is known of what it held, its number alone says little: another program's file may have it now.
      return place.identity.headBytes > 0 ? FollowedFolder.paths(of: number, in: folder.folders + [place.folder]).first(where: isIt) : nil
    }
    let moved = places.filter { place in
      guard let found = find(place, where: { isOpened($0, place.identity.number, at: place) }) else { return true }
      if found != path { checkNaming(found) }
      return false
    }
    for place in closedBefore {
      guard let path = find(place, where: { place.identity.number.bytes(at: $0) ?? -1 >= place.closedBytes ?? 0 }) else { continue }
      observer.onKeep(stretches, place)
      _ = closed.keep(FollowedClosed.File(stretch: stretches, place: place, path: path))
      stretches += 1
    }
    let isFresh = { [self] entry in isNew(entry) && (isComplete || entry.changedAt >= hint.notedAt - Self.slackMicroseconds) }
    for place in moved {
      // Where it was emptied, what it held may be in a copy, which may have been read further than it is stored.
      if let copy = all.first(where: { place.identity.headBytes > 0 && place.isBehind($0.descriptor) }) {
        guard copy.offset > place.offset else { continue }
        copy.begin(at: place.offset, lines: place.lines)
        observer.onOpen(copy)
        continue
      }
      if place.identity.headBytes > 0 {
        if beside.contains(where: { isOpened($0.path, $0.number, at: place) }) { continue }
        // One that begins alike and is new is read from its beginning in any case.
        if beside.contains(where: { isFresh($0) && place.identity.begins($0.head ?? []) }) { continue }
      }
      if place.identity.number == named, access(path, R_OK) != 0 { continue }
      observer.say(
        "\(path): a file that had the name is not in \(place.folder) any more, or was emptied, and no copy of it is there; it was read up to byte \(place.offset): if more was written to it, ingest it from where it is now, packed or not, and what is stored counts once"
      )
    }
    know(beside.filter { !isFresh($0) || open($0) })
  }

  func isOpened(_ candidate: String, _ number: FollowedIdentity.Number, at place: FollowedPlace, of emptied: FollowedGeneration? = nil) -> Bool {
    if case .opened = open(candidate, number, at: place, of: emptied) { true } else { false }
  }
}
